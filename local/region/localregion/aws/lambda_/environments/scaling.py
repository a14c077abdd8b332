"""Scaling: give every invocation of a function version an execution environment of its own, or throttle it.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html. The warmest idle environment is used first, a
new one is started when none is idle. An invocation takes whichever comes first, its new environment or one that is
done; only a few start at once, so that a burst does not bury a small machine in starting processes. An environment
whose sources were edited is retired, and never serves an invocation that came a tenth of a second after the edit. While
a function is being debugged it has one environment, and that one stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from math import inf

from localregion.aws.lambda_.environments import debugging
from localregion.aws.lambda_.environments.concurrency import Concurrency
from localregion.aws.lambda_.environments.environment import ExecutionEnvironment, FunctionVersion
from localregion.aws.lambda_.environments.outcome import InitFailure, Outcome
from localregion.aws.lambda_.environments.runtime_api import Invocation
from localregion.aws.lambda_.functions import logs as function_logs
from localregion.aws.lambda_.functions.logs import TAIL_SIZE

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: the Init phase is limited to 10 seconds.
INIT_TIMEOUT_S = 10.0
STARTING_MAX = max(2, os.cpu_count() or 1)
# A look at every source file takes a fifth of what the emulator spends on an invocation; nobody saves and calls faster.
EDITS_EVERY_S = 0.1


class InitFailedError(Exception):
    """No environment could be initialised, not even under the function's own timeout."""

    def __init__(self, failure: InitFailure) -> None:
        super().__init__(failure.status)
        self.failure = failure


class FunctionScaling:
    """The execution environments of one function version."""

    def __init__(
        self,
        function_version: FunctionVersion,
        concurrencies: tuple[Concurrency, ...],
        *,
        make_room: Callable[[], None],
    ) -> None:
        self.function_version = function_version
        self.environments: set[ExecutionEnvironment] = set()
        self.debug_port: int | None = None
        self._concurrencies = concurrencies
        self._idle: list[ExecutionEnvironment] = []
        self._waiting: deque[asyncio.Future[ExecutionEnvironment]] = deque()
        self._starts: set[asyncio.Task[None]] = set()
        self._finishing: set[ExecutionEnvironment] = set()
        self._make_room = make_room
        self._retired = False
        self._closed = False
        self._edits_looked_for_at = -inf

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation. Raises TooManyRequestsError at once when there is no concurrency left for it."""
        for concurrency in self._concurrencies:
            concurrency.check()
        self._count(+1)
        self._retire_outdated()
        if self._idle:
            return await self._idle.pop().invoke(invocation)
        try:
            environment = await self._next_environment()
        except InitFailedError as error:
            self._count(-1)
            return self._failed_to_initialise(invocation, error.failure)
        except BaseException:
            self._count(-1)
            raise
        return await environment.invoke(invocation)

    async def initialise(self) -> None:
        """Have one environment ready ahead of any invocation; one that fails is in the log, and tried again then."""
        if not self.environments:
            with contextlib.suppress(InitFailedError):
                await self._start()

    async def debug(self, port: int | None) -> int | None:
        """Have environments listen for a debugger there, or no longer; return the process to attach to.

        What runs goes on to its end. Raises InitFailedError when no environment starts under the debugger.
        """
        self.debug_port = port
        self._edits_looked_for_at = -inf
        self._retire_outdated()
        for environment in tuple(self.environments):
            if environment.debug_port == port:
                continue
            # One that still starts may stand at a breakpoint of its own, and others wait for it.
            if environment.debug_port is not None and environment.state == "starting":
                environment.kill()
            environment.limit()
        # Edited meanwhile: what stands at a breakpoint has the port, and the next invocation starts anew.
        listening = self._current() or [each for each in self.environments if each.is_debugged_at(port)]
        if port is not None and not listening:
            await self._start()
            listening = self._current()
        return next((environment.pid for environment in listening), None)

    def reap(self, idle_timeout_s: float) -> None:
        """End what has been idle for too long."""
        if self.debug_port is not None:
            return
        oldest = time.monotonic() - idle_timeout_s
        for environment in [environment for environment in self._idle if environment.idle_since < oldest]:
            self._idle.remove(environment)
            environment.kill()

    @property
    def idle_since(self) -> float | None:
        """When the environment that has been idle for longest became so."""
        return self._idle[0].idle_since if self._idle and self.debug_port is None else None

    def end_longest_idle(self) -> None:
        self._idle.pop(0).kill()

    def retire(self) -> None:
        """End each environment once it is idle: what was accepted runs to its end, and nothing new comes."""
        self._retired = True
        self.debug_port = None
        while self._idle:
            self._idle.pop().kill()

    @property
    def is_at_rest(self) -> bool:
        return not (self.environments or self._starts or any(not waiter.done() for waiter in self._waiting))

    async def close(self) -> None:
        """End all environments, running or not, and wait until their processes are gone."""
        self._closed = True
        for start in tuple(self._starts):
            start.cancel()
        for waiter in self._waiting:
            waiter.cancel()
        while self.environments or self._starts:
            for environment in tuple(self.environments):
                environment.kill()
            await asyncio.sleep(0.005)
        self.function_version.log.flush()

    def _count(self, change: int) -> None:
        for concurrency in self._concurrencies:
            concurrency.in_flight += change

    def _retire_outdated(self) -> None:
        now = time.monotonic()
        if now - self._edits_looked_for_at >= EDITS_EVERY_S:
            self._edits_looked_for_at = now
            self.function_version.code.check()
        while self._idle and not self._is_current(self._idle[-1]):
            self._idle.pop().kill()

    def _is_current(self, environment: ExecutionEnvironment) -> bool:
        return (environment.code_version, environment.debug_port) == (
            self.function_version.code.version,
            self.debug_port,
        )

    def _current(self) -> list[ExecutionEnvironment]:
        return [environment for environment in self.environments if self._is_current(environment)]

    async def _next_environment(self) -> ExecutionEnvironment:
        waiter: asyncio.Future[ExecutionEnvironment] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._start_missing()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._hand_over(waiter.result())
            raise

    def _start_missing(self) -> None:
        wanted = sum(not waiter.done() for waiter in self._waiting) - len(self._finishing)
        starting_max = STARTING_MAX
        if self.debug_port is not None:
            is_taken = self._current() or any(each.is_debugged_at(self.debug_port) for each in self.environments)
            starting_max = 0 if is_taken else 1
        while len(self._starts) < min(wanted, starting_max) and not self._closed:
            start = asyncio.get_running_loop().create_task(self._start())
            self._starts.add(start)
            start.add_done_callback(self._started)

    def _started(self, start: asyncio.Task[None]) -> None:
        self._starts.discard(start)
        if not start.cancelled():
            if (error := start.exception()) is not None:
                self._fail_first_waiter(error)
            self._start_missing()

    async def _start(self) -> None:
        """Initialise an environment; what fails in the Init phase is tried again under the function's own timeout."""
        failure = None
        phases = [("init", INIT_TIMEOUT_S), ("invoke", float(self.function_version.function.timeout_s))]
        for phase, limit_s in phases if self.debug_port is None else [("init", debugging.TIMEOUT_S)]:
            environment = self._new_environment()
            failure = await environment.start(limit_s)
            if failure is None:
                return
            report = function_logs.init_report_line(
                failure.duration_ms, phase=phase, status=failure.status, error_type=failure.error_type
            )
            self.function_version.log.write(report)
        if failure is not None:
            raise InitFailedError(failure)

    def _new_environment(self) -> ExecutionEnvironment:
        self._make_room()
        environment = ExecutionEnvironment(
            self.function_version,
            debug_port=self.debug_port,
            on_ready=self._ready,
            on_completed=self._completed,
            on_end=self._ended,
        )
        self.environments.add(environment)
        return environment

    def _fail_first_waiter(self, error: BaseException) -> None:
        waiter = self._first_waiter()
        if waiter is not None:
            waiter.set_exception(error)

    def _ready(self, environment: ExecutionEnvironment) -> None:
        self._finishing.discard(environment)
        self._hand_over(environment)

    def _hand_over(self, environment: ExecutionEnvironment) -> None:
        if self._closed or not self._is_current(environment):
            environment.kill()
        elif (waiter := self._first_waiter()) is not None:
            waiter.set_result(environment)
        elif self._retired:
            environment.kill()
        else:
            self._idle.append(environment)

    def _completed(self, environment: ExecutionEnvironment) -> None:
        """The invocation is answered; its environment will be ready in a moment, or is ending."""
        self._count(-1)
        if environment.state == "finishing":
            self._finishing.add(environment)

    def _ended(self, environment: ExecutionEnvironment) -> None:
        self.environments.discard(environment)
        self._finishing.discard(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        self._start_missing()

    def _first_waiter(self) -> asyncio.Future[ExecutionEnvironment] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _failed_to_initialise(self, invocation: Invocation, failure: InitFailure) -> Outcome:
        timeout_s = self.function_version.function.timeout_s
        report = function_logs.Report(
            request_id=invocation.request_id,
            duration_ms=failure.duration_ms,
            memory_mb=self.function_version.function.memory_mb,
            memory_used_mb=0,
            status=failure.status,
            error_type=failure.error_type,
        )
        lines = function_logs.start_line(
            invocation.request_id, self.function_version.version
        ) + function_logs.report_lines(report)
        self.function_version.log.write(lines)
        payload = failure.payload(invocation.request_id, timeout_s)
        self.function_version.history.note(report, error=payload)
        return Outcome(
            payload,
            is_error=True,
            log_tail=(failure.log_tail + lines)[-TAIL_SIZE:],
        )
