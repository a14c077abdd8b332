"""The emulator's own `/_emulator/debug/{function}`: PUT `{"port": 5678}` starts debugging a function, DELETE ends it.

While it lasts the function has one environment at a time, without a timeout and listening for a debugger; its other
invocations wait for their turn. It ends by itself when the PUT has not been repeated for `LEASE_S`, so a client
that dies leaves nothing changed. Debugged is the version behind the function's alias, which gateway and mappings use.
"""

from __future__ import annotations

import asyncio

from localregion.aws.http.exchange import Request, Response, json_response, parse_json
from localregion.aws.lambda_.environments import debugging
from localregion.aws.lambda_.environments.scaling import FunctionScaling, InitFailedError
from localregion.aws.lambda_.service import LambdaService

PATH = "/_emulator/debug/"
LEASE_S = 60.0


class DebugApi:
    """Which functions are being debugged, and until when."""

    def __init__(self, service: LambdaService, *, lease_s: float = LEASE_S) -> None:
        self._service = service
        self._lease_s = lease_s
        self._leases: dict[str, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def handle(self, request: Request) -> Response:
        name = request.path.removeprefix(PATH)
        scaling = self._scaling(name)
        if scaling is None:
            known = ", ".join(sorted(function.name for function in self._service.plan.functions))
            return _refusal(404, f"there is no function {name!r}: {known}")
        if request.method == "DELETE":
            await self._end(name, scaling)
            return json_response({"function": name, "port": None})
        if request.method != "PUT":
            return _refusal(405, "PUT starts debugging, DELETE ends it")
        port = _port(request.body)
        return await self._begin(name, scaling, port) if port else _refusal(400, 'the body is {"port": 1 to 65535}')

    async def _begin(self, name: str, scaling: FunctionScaling, port: int) -> Response:
        if scaling.debug_port != port and not debugging.is_free(port):
            return _refusal(409, f"port {port} is taken")
        self._renew(name, scaling)
        try:
            pid = await scaling.debug(port)
        except InitFailedError as error:
            await self._end(name, scaling)
            return _refusal(500, f"{name} does not start under the debugger: {error}; its log says more")
        # Starting may have taken its time.
        self._renew(name, scaling)
        return json_response({"function": name, "port": port, "pid": pid})

    def _renew(self, name: str, scaling: FunctionScaling) -> None:
        if lease := self._leases.pop(name, None):
            lease.cancel()
        self._leases[name] = asyncio.get_running_loop().call_later(self._lease_s, self._expire, name, scaling)

    def _expire(self, name: str, scaling: FunctionScaling) -> None:
        ending = asyncio.get_running_loop().create_task(self._end(name, scaling))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end(self, name: str, scaling: FunctionScaling) -> None:
        if lease := self._leases.pop(name, None):
            lease.cancel()
        await scaling.debug(None)

    def _scaling(self, name: str) -> FunctionScaling | None:
        for function in self._service.plan.functions:
            if function.name == name:
                return self._service.find(name, function.aliases[0] if function.aliases else None).scaling
        return None


def _port(body: bytes) -> int | None:
    try:
        port = parse_json(body)["port"]
    except (ValueError, KeyError, TypeError):
        return None
    return port if isinstance(port, int) and 0 < port < 65_536 else None


def _refusal(status: int, message: str) -> Response:
    return json_response({"Message": message}, status)
