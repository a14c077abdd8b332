"""An order as a client sends it, and its trace as the console answers it, for the tests of both."""

from __future__ import annotations

from typing import Any

import httpx
from tests.live_system import LiveSystem, wait_for
from tests.plain_http import NO_TLS

Span = dict[str, Any]
TRACE_TIMEOUT_S = 60


class Order:
    """One accepted order and its trace."""

    def __init__(self, live: LiveSystem, *, key: str | None = None, traceparent: str | None = None) -> None:
        self.live = live
        named = {"Idempotency-Key": key, "traceparent": traceparent}
        with live.client() as client:
            headers = {name: value for name, value in named.items() if value is not None}
            answer = client.post("/orders", json={"amount": 1999}, headers=headers)
        assert answer.status_code == 201, answer.text
        self.order: dict[str, Any] = answer.json()
        self.id: str = self.order["orderId"]

    def wait_until_invoiced(self) -> None:
        statement = f"SELECT FROM invoices.invoices WHERE order_id = '{self.id}'"
        wait_for(lambda: len(self.live.query(statement)) == 1, timeout_s=100, what=self.live.counts)

    def trace(self, spans: int = 2, kind: str = "CONSUMER", *, timeout_s: float = TRACE_TIMEOUT_S) -> Trace:
        """Return the order's trace once it has so many spans of a kind and misses no parent."""
        trace_id: str | None = None

        def is_complete() -> bool:
            nonlocal trace_id
            trace_id = trace_id or (console(self.live, f"/api/orders/{self.id}").json() or {}).get("traceId")
            return trace_id is not None and Trace.of(self.live, trace_id).is_complete(spans, kind)

        wait_for(is_complete, timeout_s=timeout_s, what=lambda: (self.id, trace_id, trace_or_none(self.live, trace_id)))
        assert trace_id is not None
        return Trace.of(self.live, trace_id)


class Trace:
    """The spans of `/api/traces/{traceId}`."""

    def __init__(self, trace_id: str, spans: list[Span]) -> None:
        self.id = trace_id
        self.spans = spans
        self.by_id = {span["spanId"]: span for span in spans}

    @classmethod
    def of(cls, live: LiveSystem, trace_id: str) -> Trace:
        answer = console(live, f"/api/traces/{trace_id}")
        return cls(trace_id, answer.json()["spans"] if answer.status_code == 200 else [])

    def is_complete(self, spans: int, kind: str) -> bool:
        of_kind = sum(span["kind"] == kind for span in self.spans)
        known = {*self.by_id, None}
        return of_kind >= spans and all(span["parent"] in known for span in self.spans if span["traceId"] == self.id)

    def all(self, service: str, **fields: Any) -> list[Span]:
        return [
            span
            for span in self.spans
            if span["service"] == service and all(span[name] == value for name, value in fields.items())
        ]

    def one(self, service: str, **fields: Any) -> Span:
        found = self.all(service, **fields)
        assert len(found) == 1, (service, fields, self.outline())
        return found[0]

    def named(self, service: str, start: str) -> list[Span]:
        return [span for span in self.all(service) if span["name"].startswith(start)]

    def children(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span["parent"] == parent["spanId"]]

    def below(self, above: Span) -> list[Span]:
        return [span for child in self.children(above) for span in [child, *self.below(child)]]

    def outline(self) -> list[tuple[str, ...]]:
        return [(span["service"], span["kind"], span["name"], span["status"]) for span in self.spans]


def console(live: LiveSystem, path: str) -> httpx.Response:
    with httpx.Client(base_url=live.endpoints["console"], verify=NO_TLS, timeout=30) as client:
        return client.get(path)


def trace_or_none(live: LiveSystem, trace_id: str | None) -> object:
    return None if trace_id is None else Trace.of(live, trace_id).outline()


def links_of(span: Span) -> set[tuple[str, str]]:
    return {(link["traceId"], link["spanId"]) for link in span["links"]}
