"""`/api/functions`: the functions of the plan as they run now."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from localregion.console.http.answers import json_answer
from localregion.console.sources import function_logs
from localregion.console.sources.emulator import Emulator

_LINES = 30


class FunctionsApi:
    """The emulator's report with the ends of the logs."""

    def __init__(self, emulator: Emulator, logs: Path) -> None:
        self._emulator = emulator
        self._logs = logs

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/functions", self.all)]

    async def all(self, _request: web.Request) -> web.Response:
        functions, last = await asyncio.gather(self._emulator.functions(), self._emulator.last_invocations())
        names = [function["name"] for function in functions]
        lines = await asyncio.to_thread(self._last_lines, names)
        shown = [
            {**function, "lastInvocations": last.get(name, []), "logs": lines[name]}
            for name, function in zip(names, functions, strict=True)
        ]
        return json_answer({**await self._emulator.state(), "functions": shown})

    def _last_lines(self, names: list[str]) -> dict[str, list[function_logs.LogLine | str]]:
        return {name: function_logs.last_lines(self._logs, name, _LINES) for name in names}
