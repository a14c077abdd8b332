"""`/api/queues`: how many messages wait, how many a function holds, and the mapping that takes them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from localregion.console.http.answers import json_answer
from localregion.console.sources import broker
from localregion.console.sources.emulator import Emulator
from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import Remembered, SourceDownError


class QueuesApi:
    """The queues of the plan first, as mappings name them; then whatever else the broker has."""

    def __init__(self, system: LocalSystem, emulator: Emulator) -> None:
        self._system = system
        self._emulator = emulator
        self._broker = Remembered(lambda: broker.queues(system))

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/queues", self.all)]

    async def all(self, _request: web.Request) -> web.Response:
        return json_answer({**await self.state(), "queues": await self.queues()})

    async def state(self) -> dict[str, str]:
        """Return whether the broker answers; `detail` says why not."""
        try:
            await self._broker.get()
        except SourceDownError as error:
            return {"state": "down", "detail": str(error)}
        return {"state": "up"}

    async def queues(self) -> list[dict[str, Any]]:
        """Return what is known: without the broker the names, without the emulator no mapping."""
        try:
            found = await self._broker.get()
        except SourceDownError:
            found = {}
        mappings = {mapping["queue"]: mapping for mapping in await self._emulator.mappings()}
        names = dict.fromkeys([*mappings, *found])
        return [_queue(name, found.get(name), mappings.get(name)) for name in names]


def _queue(name: str, queue: dict[str, Any] | None, mapping: dict[str, Any] | None) -> dict[str, Any]:
    known = queue or {}
    return {
        "name": name,
        "ready": known.get("messages_ready"),
        "unacknowledged": known.get("messages_unacknowledged"),
        "consumers": known.get("consumers"),
        "mapping": mapping and {key: value for key, value in mapping.items() if key != "queue"},
    }
