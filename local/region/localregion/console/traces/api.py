"""`/api/traces` and `/api/traces/{traceId}`."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from aiohttp import web

from localregion.console import function_logs
from localregion.console.answers import ProblemError, json_answer
from localregion.console.parameters import limit_of
from localregion.console.traces import view as trace_view
from localregion.console.traces.store import TraceStore

_LISTED_MAX = 500


class TracesApi:
    """What the store knows, with the lines that the functions logged meanwhile."""

    def __init__(self, store: TraceStore, logs: Path) -> None:
        self._store = store
        self._logs = logs

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/traces", self.all), web.get("/api/traces/{trace_id}", self.one)]

    async def all(self, request: web.Request) -> web.Response:
        traces = self._store.latest(limit_of(request, maximum=_LISTED_MAX))
        return json_answer({"traces": [trace_view.summary(trace) for trace in traces]})

    async def one(self, request: web.Request) -> web.Response:
        trace_id = request.match_info["trace_id"].lower()
        if not re.fullmatch(r"[0-9a-f]{32}", trace_id):
            raise ProblemError(404, "a trace id has 32 hexadecimal digits")
        shown = trace_view.joined(self._store, trace_id)
        if shown is None:
            raise ProblemError(404, "no such trace here: it was not sampled, has not arrived, or had to make room")
        trace_ids = {span["traceId"] for span in shown["spans"]}
        logs = await asyncio.to_thread(function_logs.of_traces, self._logs, trace_ids, order_id=shown["orderId"])
        return json_answer({**shown, "logs": logs})
