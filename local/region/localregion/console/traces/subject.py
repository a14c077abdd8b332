"""What the traces of a project are about, if it says so: a thing of its own that spans and log lines name by its id."""

from __future__ import annotations

from dataclasses import dataclass

from localregion.console.traces.span import Span


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`attribute` of the spans of `service` says which trace made the thing; other services only mention it.

    `key` is the id's name in the JSON of a trace, `log_field` in the functions' log lines.
    """

    attribute: str
    service: str
    key: str
    log_field: str

    def id_of(self, span: Span) -> str | None:
        """Return the thing that this span says its trace to be about."""
        value = span.attributes.get(self.attribute) if span.service == self.service else None
        return value if isinstance(value, str) else None
