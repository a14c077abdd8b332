"""One finished span as the console knows it, whatever form it came in. Times are milliseconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span; `links` are packed."""

    trace_id: str
    span_id: str
    parent: str | None
    name: str
    kind: str
    service: str
    start: float
    duration: float
    status: str = "UNSET"
    status_message: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    links: bytes = b""

    def document(self) -> dict[str, Any]:
        """Return what the API shows of it, links apart."""
        shown = {
            "traceId": self.trace_id,
            "spanId": self.span_id,
            "parent": self.parent,
            "name": self.name,
            "kind": self.kind,
            "service": self.service,
            "start": self.start,
            "duration": self.duration,
            "status": self.status,
        }
        message = {"statusMessage": self.status_message} if self.status_message else {}
        return {**shown, **message, "attributes": self.attributes, "events": self.events}
