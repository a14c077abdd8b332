"""What was deployed, as it runs: calls go to the control plane, and what they changed is read as a plan and applied.

A call that makes the broker, the database or the gateway is answered when that runs. What this machine cannot run is
refused before it is made; everything else of AWS is answered by the control plane and not run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from localregion.aws.http.exchange import Request, Response, parse_json
from localregion.aws.http.operation import Operation, changes, operation_of
from localregion.aws.http.unknown_calls import error_of, fail
from localregion.aws.region.control_plane import ControlPlane, ControlPlaneError
from localregion.aws.region.schedules import refusal_of_schedule
from localregion.aws.region.undoing import undoing
from localregion.plan.deployed import Deployed, Reader, Reading

# What a change of these services changes here.
_RUN = frozenset({"mq", "rds", "ecs", "secretsmanager", "scheduler", "s3"})
_NOTHING: dict[str, list[Any]] = {
    name: [] for name in ("secrets", "brokers", "databases", "schedules", "services", "buckets")
}
_log = logging.getLogger("emulator.region")


class NotRunError(Exception):
    """What was deployed does not run; the text says why."""


class Region:
    """The deployed resources. `apply` makes this machine run what it is given, and returns what does not run.

    What does not run hinders nothing else: the call that brought it about is told, and the status goes on saying it.
    """

    def __init__(
        self,
        control_plane: ControlPlane,
        *,
        name: str,
        reader: Callable[[Mapping[str, Any]], Reader],
        deployed: Callable[[], Deployed],
        apply: Callable[[Reading], Awaitable[Sequence[str]]],
        account: str,
    ) -> None:
        self._control_plane = control_plane
        self._name = name
        self._reader = reader
        self._deployed = deployed
        self._apply = apply
        self._account = account
        self._resources: Mapping[str, Any] = _NOTHING
        self._applying = asyncio.Lock()
        self._problems: frozenset[str] = frozenset()
        self._is_read = asyncio.Event()

    @property
    def is_known(self) -> bool:
        """Whether what was deployed before has been read."""
        return self._is_read.is_set()

    @property
    def failure(self) -> str | None:
        """What does not run, and why."""
        return "; ".join(sorted(self._problems)) or None

    async def boot(self) -> None:
        """Run what was deployed before."""
        try:
            if self._control_plane.has_resources:
                await self._described()
            else:
                await self.changed()
        except ControlPlaneError as error:
            self._problems = frozenset({str(error)})
            _log.error("what was deployed cannot be read: %s", error)
        except NotRunError as error:
            _log.error("what was deployed does not run: %s", error)
        finally:
            self._is_read.set()

    async def handle(self, request: Request) -> Response:
        """Answer a call of any service that the emulator does not answer itself."""
        await self._is_read.wait()
        operation = operation_of(request)
        is_run = operation.service in _RUN and changes(request, operation)
        if is_run and (reason := self._refusal(request, operation)) is not None:
            return error_of(request, 400, "InvalidParameterValue", reason)
        try:
            response = await self._control_plane.forward(request)
            if is_run and response.status < 300:
                await self._described()
        except ControlPlaneError as error:
            return fail(request, str(error))
        except NotRunError as error:
            _log.error("%s %s does not run: %s", operation.service, operation.name or request.path, error)
            if (undone := undoing(request, operation, response)) is not None:
                await self._undo(undone)
            # No error of the server's: those are tried again.
            return error_of(request, 400, "InvalidParameterValue", str(error))
        return response

    async def _undo(self, request: Request) -> None:
        """Take back what was made and does not run: it can be made again once the reason is gone."""
        with contextlib.suppress(ControlPlaneError, NotRunError):
            await self._control_plane.forward(request)
            await self._described()

    async def changed(self) -> None:
        """Run what is deployed now. Raises NotRunError for what did run, or was not there, before."""
        async with self._applying:
            await self._run()

    async def _described(self) -> None:
        """Ask what there is, and run it. One after the other: an older answer must not take a newer one's place."""
        async with self._applying:
            self._resources = await self._control_plane.resources()
            await self._run()

    async def _run(self) -> None:
        reading = self._reader(self._resources).read(self._deployed(), region=self._name, account=self._account)
        problems = frozenset({*reading.problems, *await self._apply(reading)})
        new, self._problems = problems - self._problems, problems
        if new:
            raise NotRunError("; ".join(sorted(new)))

    async def close(self) -> None:
        await self._control_plane.close()

    def _refusal(self, request: Request, operation: Operation) -> str | None:
        if operation.region not in ("", self._name):
            return f"This is the region {self._name}; what is made in {operation.region} is not run here."
        if operation.service == "mq" and (request.method, request.path) == ("POST", "/v1/brokers"):
            return self._refusal_of_broker(parse_json(request.body or b"{}"))
        if (
            operation.service == "scheduler"
            and request.method in ("POST", "PUT")
            and request.path.startswith("/schedules/")
        ):
            return refusal_of_schedule(request.path.rpartition("/")[2], parse_json(request.body or b"{}"))
        if operation == ("rds", "CreateDBInstance", operation.region):
            return self._refusal_of_database(parse_qs(request.body.decode()).get("Engine", [""])[0])
        return None

    def _refusal_of_broker(self, given: Mapping[str, Any]) -> str | None:
        # The API spells its members in lower camel case, and takes boto3's.
        engine = str(given.get("engineType", given.get("EngineType", ""))).upper()
        if engine != "RABBITMQ":
            return f"Brokers run here are of the engine RABBITMQ, not {engine or 'none'}."
        return self._refusal_of_another("brokers", "broker")

    def _refusal_of_database(self, engine: str) -> str | None:
        if engine != "postgres":
            return f"Databases run here are of the engine postgres, not {engine or 'none'}."
        return self._refusal_of_another("databases", "database")

    def _refusal_of_another(self, kind: str, name: str) -> str | None:
        there = [each["id"] for each in self._resources[kind]]
        return f"This machine runs one {name}, and there is one: {there[0]}. Delete it first." if there else None
