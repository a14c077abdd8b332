"""Lambda's data plane: find the function and the version that a caller names, and invoke it.

A failing function is a result with `function_error`, never an exception; what AWS refuses raises LambdaApiError
(TooManyRequestsError when throttled). https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html Functions may
change while it runs: what is as before keeps its environments, and what was accepted runs to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from localregion.aws.http.errors import function_not_found, payload_too_large
from localregion.aws.lambda_.environments.concurrency import Concurrency
from localregion.aws.lambda_.environments.environment import ExecutionEnvironment, FunctionVersion
from localregion.aws.lambda_.environments.memory_limit import MemoryLimit
from localregion.aws.lambda_.environments.runtime_api import Invocation
from localregion.aws.lambda_.environments.scaling import FunctionScaling
from localregion.aws.lambda_.environments.trace_header import trace_id_for
from localregion.aws.lambda_.functions.deployed import Code, DeployedFunction, DeployedVersion, deployed_from_sources
from localregion.aws.lambda_.functions.history import InvocationHistory
from localregion.aws.lambda_.functions.logs import FunctionLog
from localregion.aws.lambda_.functions.names import LATEST, check_place, parse_function_name
from localregion.aws.settings import Settings
from localregion.plan.model import Function, Plan
from localregion.uuids import random_uuid

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SYNC_PAYLOAD_MAX = 6_291_456
ASYNC_PAYLOAD_MAX = 1_048_576
REAP_INTERVAL_S = 5.0


class InvokeResult(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all versions of one function have in common."""

    reserved: Concurrency
    log: FunctionLog
    history: InvocationHistory


class LambdaService:
    """The functions of a resolved plan, or others that `apply` is given. Raises CodeNotFoundError."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.plan = replace(plan, functions=[])
        self._settings = settings
        self._account = Concurrency(settings.concurrency_limit, "ConcurrentInvocationLimitExceeded")
        self._targets: dict[tuple[str, str | None], Target] = {}
        self._shared: dict[str, _Shared] = {}
        self._current: dict[tuple[str, str], FunctionScaling] = {}
        self._retired: list[FunctionScaling] = []
        self.code: dict[str, Code] = {}
        self.memory_limit = MemoryLimit(self._environments)
        self._reaper: asyncio.TimerHandle | None = None
        self.apply(deployed_from_sources(plan, settings))

    @property
    def scalings(self) -> list[FunctionScaling]:
        """Every version's environments, and those of former versions that are still at work."""
        return [*self._current.values(), *self._retired]

    @property
    def histories(self) -> dict[str, InvocationHistory]:
        return {name: shared.history for name, shared in self._shared.items()}

    def apply(self, functions: Mapping[str, DeployedFunction]) -> None:
        """Have these functions from now on."""
        self.plan = replace(self.plan, functions=[deployed.latest.function for deployed in functions.values()])
        self.code = {name: deployed.latest.code for name, deployed in functions.items()}
        self._shared = {name: self._shared.get(name) or self._new_shared(name) for name in functions}
        former, self._current, self._targets = self._current, {}, {}
        for name, deployed in functions.items():
            self._shared[name].reserved.limit = deployed.latest.function.reserved_concurrency
            for version, of in deployed.versions.items():
                scaling = former.get((name, version))
                if scaling is None or not _runs(scaling.function_version, of):
                    scaling = self._new_scaling(version, of)
                self._current[name, version] = scaling
            self._name_targets(name, deployed)
        gone = [scaling for key, scaling in former.items() if self._current.get(key) is not scaling]
        self._retired += gone
        for scaling in gone:
            scaling.retire()

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
        invocation = Invocation(request_id or random_uuid(), payload or b"{}", target.arn, trace, client_context)
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
        self._retired = [scaling for scaling in self._retired if not scaling.is_at_rest]
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

    def _new_shared(self, name: str) -> _Shared:
        return _Shared(
            Concurrency(None, "ReservedFunctionConcurrentInvocationLimitExceeded"),
            FunctionLog(self._settings.function_logs / f"{name}.log"),
            InvocationHistory(),
        )

    def _new_scaling(self, version: str, of: DeployedVersion) -> FunctionScaling:
        shared = self._shared[of.function.name]
        function_version = FunctionVersion(
            function=of.function,
            version=version,
            code=of.code,
            log=shared.log,
            history=shared.history,
            region=self.plan.region,
            aws_endpoint_url=self._settings.aws_endpoint_url,
        )
        return FunctionScaling(function_version, (shared.reserved, self._account), make_room=self._make_room)

    def _name_targets(self, name: str, deployed: DeployedFunction) -> None:
        for qualifier, version in {**{each: each for each in deployed.versions}, **deployed.aliases}.items():
            function, scaling = deployed.versions[version].function, self._current[name, version]
            self._targets[name, qualifier] = Target(f"{function.arn}:{qualifier}", version, function, scaling)
        latest = deployed.latest.function
        self._targets[name, None] = Target(latest.arn, LATEST, latest, self._current[name, LATEST])

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


def _runs(running: FunctionVersion, wanted: DeployedVersion) -> bool:
    """Whether environments of the one serve for the other: aliases and concurrency are no matter of theirs."""
    function = replace(
        running.function, aliases=wanted.function.aliases, reserved_concurrency=wanted.function.reserved_concurrency
    )
    return function == wanted.function and running.code == wanted.code
