"""Lambda's data plane: find the function and the version that a caller names, and invoke it.

A failing function is a result with `function_error`, never an exception; what AWS refuses raises LambdaApiError
(TooManyRequestsError when throttled). https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html Every function
has the versions `$LATEST` and `1`; the plan's aliases point to `1`. All have the code of the source tree.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

from localregion.aws.http.errors import function_not_found, payload_too_large
from localregion.aws.lambda_.environments.environment import ExecutionEnvironment, FunctionVersion
from localregion.aws.lambda_.environments.memory_limit import MemoryLimit
from localregion.aws.lambda_.environments.runtime_api import Invocation
from localregion.aws.lambda_.environments.scaling import Concurrency, FunctionScaling
from localregion.aws.lambda_.environments.trace_header import trace_id_for
from localregion.aws.lambda_.functions.code import FunctionCode
from localregion.aws.lambda_.functions.history import InvocationHistory
from localregion.aws.lambda_.functions.logs import FunctionLog
from localregion.aws.lambda_.functions.names import LATEST, PUBLISHED, check_place, parse_function_name
from localregion.aws.settings import Settings
from localregion.plan.model import Function, Plan

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SYNC_PAYLOAD_MAX = 6_291_456
ASYNC_PAYLOAD_MAX = 1_048_576
REAP_INTERVAL_S = 5.0


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """What an invocation answered. `function_error` is `Unhandled` when the function failed, else None."""

    status_code: int
    payload: bytes
    function_error: str | None
    request_id: str
    executed_version: str
    log_tail: bytes
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A function version under the ARN by which it was called."""

    arn: str
    version: str
    function: Function
    scaling: FunctionScaling


class LambdaService:
    """The functions of a resolved plan. Raises CodeNotFoundError when the source tree lacks one."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.plan = plan
        self._settings = settings
        self._account = Concurrency(settings.concurrency_limit, "ConcurrentInvocationLimitExceeded")
        self._targets: dict[tuple[str, str | None], Target] = {}
        self.code: dict[str, FunctionCode] = {}
        self.histories: dict[str, InvocationHistory] = {}
        self.scalings: list[FunctionScaling] = []
        self.memory_limit = MemoryLimit(self._environments)
        self._reaper: asyncio.TimerHandle | None = None
        for function in plan.functions:
            self._add(function)

    async def invoke(
        self,
        function_name: str,
        payload: bytes,
        *,
        qualifier: str | None = None,
        log_tail: bool = False,
        client_context: str | None = None,
        trace_id: str | None = None,
        request_id: str | None = None,
    ) -> InvokeResult:
        """Invoke synchronously (RequestResponse). `client_context` is JSON text, `trace_id` an X-Amzn-Trace-Id."""
        target = self.find(function_name, qualifier)
        if len(payload) > SYNC_PAYLOAD_MAX:
            raise payload_too_large(len(payload), invocation_type="RequestResponse", limit=SYNC_PAYLOAD_MAX)
        trace = trace_id_for(trace_id)
        invocation = Invocation(request_id or str(uuid.uuid4()), payload or b"{}", target.arn, trace, client_context)
        outcome = await target.scaling.invoke(invocation)
        return InvokeResult(
            200,
            outcome.payload,
            "Unhandled" if outcome.is_error else None,
            invocation.request_id,
            target.version,
            outcome.log_tail if log_tail else b"",
            trace,
        )

    def find(self, function_name: str, qualifier: str | None = None) -> Target:
        """Return what a caller means. Raises LambdaApiError for an unknown function, version or alias."""
        target = self._targets.get((function_name, qualifier))
        if target is None:
            check_place(function_name, self.plan)
            name, derived = parse_function_name(function_name, qualifier)
            target = self._targets.get((name, derived))
            if target is None:
                raise function_not_found(f"{self._arn(name)}:{derived or LATEST}")
        return target

    def start_reaping(self) -> None:
        """End idle environments from now on, until `close`."""
        for scaling in self.scalings:
            scaling.reap(self._settings.idle_timeout_s)
        interval_s = min(REAP_INTERVAL_S, self._settings.idle_timeout_s / 2)
        self._reaper = asyncio.get_running_loop().call_later(interval_s, self.start_reaping)

    async def drain(self, grace_s: float) -> None:
        """Wait until nothing is in flight, at most so long."""
        deadline = asyncio.get_running_loop().time() + grace_s
        while self._account.in_flight and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        self.memory_limit.stop()
        if self._reaper is not None:
            self._reaper.cancel()
        await asyncio.gather(*(scaling.close() for scaling in self.scalings))

    def _add(self, function: Function) -> None:
        code = FunctionCode(function, root=self._settings.root, state=self._settings.functions_state)
        log = FunctionLog(self._settings.function_logs / f"{function.name}.log")
        reserved = Concurrency(function.reserved_concurrency, "ReservedFunctionConcurrentInvocationLimitExceeded")
        history = self.histories[function.name] = InvocationHistory()
        self.code[function.name] = code
        for version, qualifiers in ((LATEST, [LATEST]), (PUBLISHED, [PUBLISHED, *function.aliases])):
            of = FunctionVersion(
                function=function,
                version=version,
                code=code,
                log=log,
                history=history,
                region=self.plan.region,
                aws_endpoint_url=self._settings.aws_endpoint_url,
            )
            scaling = FunctionScaling(of, (reserved, self._account), make_room=self._make_room)
            self.scalings.append(scaling)
            for qualifier in qualifiers:
                arn = f"{function.arn}:{qualifier}"
                self._targets[function.name, qualifier] = Target(arn, version, function, scaling)
            if version == LATEST:
                self._targets[function.name, None] = Target(function.arn, version, function, scaling)

    def _environments(self) -> list[ExecutionEnvironment]:
        return [environment for scaling in self.scalings for environment in scaling.environments]

    def _make_room(self) -> None:
        """Keep the number of processes within the account's concurrency: the longest idle one goes."""
        running = sum(len(scaling.environments) for scaling in self.scalings)
        idle = [scaling for scaling in self.scalings if scaling.idle_since is not None]
        if running >= self._settings.concurrency_limit and idle:
            min(idle, key=lambda scaling: scaling.idle_since or 0.0).end_longest_idle()

    def _arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.plan.region}:{self.plan.account}:function:{name}"
