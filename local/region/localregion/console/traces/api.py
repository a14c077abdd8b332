"""`/api/traces` and `/api/traces/{traceId}`."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from localregion.console.http.answers import ProblemError, json_answer
from localregion.console.http.parameters import limit_of
from localregion.console.sources import function_logs
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
        return json_answer({"traces": [trace_view.summary(trace, self._store.subject) for trace in traces]})

    async def one(self, request: web.Request) -> web.Response:
        trace_id = request.match_info["trace_id"].lower()
        if not re.fullmatch(r"[0-9a-f]{32}", trace_id):
            raise ProblemError(404, "a trace id has 32 hexadecimal digits")
        shown = trace_view.joined(self._store, trace_id)
        if shown is None:
            raise ProblemError(404, "no such trace here: it was not sampled, has not arrived, or had to make room")
        trace_ids = {span["traceId"] for span in shown["spans"]}
        about = self._about(shown)
        logs = await asyncio.to_thread(function_logs.of_traces, self._logs, trace_ids, about=about)
        return json_answer({**shown, "logs": logs})

    def _about(self, shown: dict[str, Any]) -> tuple[str, str] | None:
        """Return the field by which log lines name what the trace is about, and the id in it."""
        subject = self._store.subject
        subject_id = shown[subject.key] if subject else None
        return (subject.log_field, subject_id) if subject and subject_id else None
