"""`/api/overview`: the figures of this moment. A part that is down is a state here, and its figures are null."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from localregion.console.answers import json_answer
from localregion.console.database import Database
from localregion.console.emulator import Emulator
from localregion.console.local_system import LocalSystem
from localregion.console.queues_api import QueuesApi
from localregion.console.remembered import Remembered, SourceDownError
from localregion.console.traces.rates import WINDOW_S, Rates
from localregion.console.traces.store import TraceStore
from orders.console import gateway, order_queries, orders


class OverviewApi:
    """Asks every part at once; each bounds its own time."""

    def __init__(
        self,
        system: LocalSystem,
        database: Database,
        *,
        emulator: Emulator,
        queues: QueuesApi,
        rates: Rates,
        store: TraceStore,
    ) -> None:
        self._database = database
        self._emulator = emulator
        self._queues = queues
        self._rates = rates
        self._store = store
        self._gateway = Remembered(lambda: gateway.answers(system), for_s=2.0)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/overview", self.show)]

    async def show(self, _request: web.Request) -> web.Response:
        figures, gateway_state, functions, queues = await asyncio.gather(
            self._figures(), self._gateway_state(), self._emulator.functions(), self._queues.queues()
        )
        numbers, postgres = figures
        parts = {
            "gateway": gateway_state,
            "emulator": await self._emulator.state(),
            "postgres": postgres,
            "rabbitmq": await self._queues.state(),
            "console": {"state": "up"},
        }
        document = {
            "at": orders.timestamp(datetime.now(UTC)),
            **numbers,
            "errorsPerSecond": self._rates.errors_per_second(),
            "gateway": gateway_state,
            "parts": parts,
            "functions": functions,
            "queues": queues,
            "traces": self._kept(),
        }
        return json_answer(document)

    async def _figures(self) -> tuple[dict[str, Any], dict[str, str]]:
        since = order_queries.first_id_of(datetime.now(UTC), seconds=-WINDOW_S)
        names = ("ordersPerSecond", "outboxRows", "oldestOutboxSeconds", "parkedWaiting")
        try:
            (((made, outbox, oldest, parked),),) = await self._database.read(
                (order_queries.SELECT_FIGURES, {"since": since})
            )
        except SourceDownError as error:
            return dict.fromkeys(names), {"state": "down", "detail": str(error)}
        age = None if oldest is None else round(float(oldest), 1)
        return dict(zip(names, (made / WINDOW_S, outbox, age, parked), strict=True)), {"state": "up"}

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
