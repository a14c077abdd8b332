"""Where spans come in: `POST /v1/traces` (OTLP/HTTP, JSON) and `POST /api/v2/spans` (Zipkin v2, JSON).

A request is read whole before anything of it is kept: one that is malformed changes nothing. Senders get their answer
as soon as the spans are kept, with nothing in between: a function waits for it. What is usual has been taken before it
comes here (`quick_receiver`) and is in `unread`.
https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from localregion.console.http.answers import ProblemError, json_answer
from localregion.console.http.body import read_json
from localregion.console.traces import otlp, zipkin
from localregion.console.traces.rates import Rates
from localregion.console.traces.span import Span
from localregion.console.traces.span_fields import MalformedSpansError
from localregion.console.traces.store import TraceStore
from localregion.console.traces.unread import UnreadSpans


class Receivers:
    """Both receivers, before one store."""

    def __init__(self, store: TraceStore, rates: Rates) -> None:
        self._store = store
        self._rates = rates
        self.unread = UnreadSpans(self._keep)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/traces", self.otlp), web.post("/api/v2/spans", self.zipkin)]

    async def otlp(self, request: web.Request) -> web.Response:
        spans = _decoded(otlp.decode, await read_json(request))
        rejected = self._keep(spans)
        partly = {"rejectedSpans": str(rejected), "errorMessage": "larger than a trace may be"} if rejected else {}
        return json_answer({"partialSuccess": partly} if partly else {})

    async def zipkin(self, request: web.Request) -> web.Response:
        # Kong writes a path's bytes as they came, and drops the whole batch that a collector refuses.
        document = await read_json(request, replaces_other_than_utf8=True)
        self._keep(_decoded(zipkin.decode, document))
        return web.Response(status=202)

    def _keep(self, spans: Sequence[Span]) -> int:
        """Return how many were not kept."""
        rejected = 0
        for span in spans:
            rejected += not self._store.add(span)
            self._rates.note(span)
        return rejected


def _decoded(decode: Callable[[Any], list[Span]], document: Any) -> list[Span]:
    try:
        return decode(document)
    except MalformedSpansError as error:
        raise ProblemError(400, str(error)) from error
