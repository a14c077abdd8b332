"""`/api/overview`: the figures of this moment. A part that is down is a state here, and its figures are null."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from localregion.console.api.queues import QueuesApi
from localregion.console.extension import Figures
from localregion.console.http.answers import json_answer
from localregion.console.sources import gateway
from localregion.console.sources.database import Database
from localregion.console.sources.emulator import Emulator
from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import Remembered, SourceDownError
from localregion.console.traces.rates import Rates
from localregion.console.traces.store import TraceStore


class OverviewApi:
    """Asks every part at once; each bounds its own time."""

    def __init__(
        self,
        system: LocalSystem,
        database: Database,
        figures: Figures,
        *,
        emulator: Emulator,
        queues: QueuesApi,
        rates: Rates,
        store: TraceStore,
    ) -> None:
        self._system = system
        self._database = database
        self._figures = figures
        self._emulator = emulator
        self._queues = queues
        self._rates = rates
        self._store = store
        self._gateway = Remembered(lambda: gateway.answers(system), for_s=2.0)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/overview", self.show)]

    async def show(self, _request: web.Request) -> web.Response:
        (figures, postgres), gateway_state, functions, queues = await asyncio.gather(
            self._read_figures(), self._gateway_state(), self._emulator.functions(), self._queues.queues()
        )
        parts = {
            "gateway": gateway_state,
            "emulator": await self._emulator.state(),
            "postgres": postgres,
            "rabbitmq": await self._queues.state(),
            "console": {"state": "up"},
        }
        document = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **figures,
            "errorsPerSecond": self._rates.errors_per_second(),
            "gateway": gateway_state,
            "parts": {name: state for name, state in parts.items() if name in self._system.parts()},
            "functions": functions,
            "queues": queues,
            "traces": self._kept(),
        }
        return json_answer(document)

    async def _read_figures(self) -> tuple[Mapping[str, Any], dict[str, str]]:
        """Return the project's figures and the state of the database that they come from."""
        try:
            return await self._figures.read(self._database), {"state": "up"}
        except SourceDownError as error:
            return dict.fromkeys(self._figures.names), {"state": "down", "detail": str(error)}

    async def _gateway_state(self) -> dict[str, str]:
        try:
            await self._gateway.get()
        except SourceDownError as error:
            return {"state": "down", "detail": str(error)}
        return {"state": "up"}

    def _kept(self) -> dict[str, int]:
        """Return how full the store is."""
        store = self._store
        return {
            "traces": len(store),
            "spans": store.span_count,
            "bytes": store.size_bytes,
            "droppedSpans": store.dropped_spans,
        }
