"""`/api/parked`: the messages that could not be processed, and what an operator may do with one.

Replay and dismissal are the function `operations`', invoked as `make replay` and `make dismiss` do.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from aiohttp import web

from localregion.console.http.answers import ProblemError, json_answer
from localregion.console.http.parameters import limit_of
from localregion.console.sources.database import Database
from localregion.console.sources.local_system import LocalSystem
from orders import operations
from orders.console import parked

_LISTED_MAX = 500
_TIMEOUT_S = 45.0


class ParkedApi:
    """Reads the database; changes by the function alone."""

    def __init__(self, system: LocalSystem, database: Database) -> None:
        self._system = system
        self._database = database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/parked", self.all),
            web.post("/api/parked/{parked_id}/replay", self.replay),
            web.post("/api/parked/{parked_id}/dismiss", self.dismiss),
        ]

    async def all(self, request: web.Request) -> web.Response:
        return json_answer({"parked": await parked.latest(self._database, limit_of(request, maximum=_LISTED_MAX))})

    async def replay(self, request: web.Request) -> web.Response:
        answer = await self._operate("replay", request)
        # As `make replay`: the relay is invoked at once instead of by its schedule.
        said = await asyncio.to_thread(operations.publish, self._system.folder, timeout_s=_TIMEOUT_S)
        return json_answer({**answer, "relay": said})

    async def dismiss(self, request: web.Request) -> web.Response:
        return json_answer(await self._operate("dismiss", request))

    async def _operate(self, operation: str, request: web.Request) -> dict[str, Any]:
        payload = {"operation": operation, "parkedId": _parked_id(request)}
        try:
            return await asyncio.to_thread(self._invoke, payload)
        except operations.OperationError as error:
            status = 404 if "UnknownMessageError" in str(error) else 502
            raise ProblemError(status, str(error)) from error

    def _invoke(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._system.endpoints()  # SourceDownError in the words of every other answer
        return operations.invoke(self._system.folder, operations.FUNCTION, payload, timeout_s=_TIMEOUT_S)


def _parked_id(request: web.Request) -> str:
    try:
        return str(UUID(request.match_info["parked_id"]))
    except ValueError:
        raise ProblemError(404, "a parked message has a UUID, as the list says") from None
