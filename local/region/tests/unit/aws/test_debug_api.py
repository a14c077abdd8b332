"""What a debugged function goes through while it stands at a breakpoint; environments are stand-ins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from localregion.aws.lambda_.debug_api import DebugApi
from localregion.aws.lambda_.environments import scaling as function_scaling
from localregion.aws.lambda_.environments.scaling import FunctionScaling


class Environment:
    """Starts at once, or never; an invocation lasts for ever."""

    is_slow = False

    def __init__(self, of: Any, *, debug_port: int | None, on_end: Callable[[Any], None], on_ready: Any, **_: Any):
        self.pid = of.started = of.started + 1
        self.debug_port, self.code_version = debug_port, of.code.version
        self.state, self.idle_since, self.is_limited = "starting", 0.0, False
        self._on_ready, self._on_end = on_ready, on_end

    async def start(self, limit_s: float) -> None:
        if self.is_slow:
            while self.state == "starting":
                await asyncio.sleep(0)
            return
        self.state = "idle"
        self._on_ready(self)

    def invoke(self, invocation: Any) -> asyncio.Future[Any]:
        self.state = "busy"
        return asyncio.get_running_loop().create_future()

    def is_debugged_at(self, port: int | None) -> bool:
        return port is not None and self.debug_port == port and self.state == "busy"

    def limit(self) -> None:
        self.is_limited = True

    def kill(self) -> None:
        self.state = "ended"
        self._on_end(self)


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(function_scaling, "ExecutionEnvironment", Environment)
    monkeypatch.setattr(Environment, "is_slow", False)
    code = SimpleNamespace(version=1, check=lambda: None)
    described = SimpleNamespace(timeout_s=10, name="f", aliases=[])
    log = SimpleNamespace(write=lambda _: None, flush=lambda: None)
    return SimpleNamespace(code=code, function=described, log=log, history=None, started=0)


def api_of(scaling: FunctionScaling, function: Any) -> DebugApi:
    plan = SimpleNamespace(functions=[function.function])
    service: Any = SimpleNamespace(plan=plan, find=lambda name, alias: SimpleNamespace(scaling=scaling))
    return DebugApi(service)


async def ask(api: DebugApi, method: str) -> tuple[int, dict[str, Any]]:
    request: Any = SimpleNamespace(path="/_emulator/debug/f", method=method, body=b'{"port": 59999}')
    answer = await api.handle(request)
    return answer.status, json.loads(answer.body)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_an_edit_while_somebody_stands_at_a_breakpoint_ends_nothing(function: Any) -> None:
    async def edit() -> None:
        scaling = FunctionScaling(function, (), make_room=lambda: None)
        api = api_of(scaling, function)
        _, begun = await ask(api, "PUT")
        paused = asyncio.create_task(scaling.invoke(SimpleNamespace(request_id="paused")))
        [environment] = scaling.environments
        await until(lambda: environment.state == "busy")
        function.code.version = 2

        assert await ask(api, "PUT") == (200, begun)
        assert (environment.is_limited, scaling.debug_port, len(scaling.environments)) == (False, 59999, 1)

        await ask(api, "DELETE")
        assert environment.is_limited
        paused.cancel()

    asyncio.run(edit())


def test_who_waits_for_an_environment_gets_another_one_when_debugging_ends(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end() -> None:
        scaling = FunctionScaling(function, (), make_room=lambda: None)
        api = api_of(scaling, function)
        monkeypatch.setattr(Environment, "is_slow", True)
        begun = asyncio.create_task(ask(api, "PUT"))
        await until(lambda: len(scaling.environments) == 1)
        waiting = asyncio.create_task(scaling.invoke(SimpleNamespace(request_id="waiting")))
        await asyncio.sleep(0)
        monkeypatch.setattr(Environment, "is_slow", False)

        await ask(api, "DELETE")
        await until(lambda: any(environment.state == "busy" for environment in scaling.environments))
        assert [environment.debug_port for environment in scaling.environments] == [None]
        waiting.cancel()
        await begun

    asyncio.run(end())
