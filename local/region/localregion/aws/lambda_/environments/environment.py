"""One execution environment: a real `awslambdaric` process with its own Runtime API, one invocation at a time.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html. The deadline is enforced by SIGKILL;
every invocation gets exactly one outcome, also when the process dies. A function that raised keeps its environment,
one that exited, was killed, timed out, answered too much or ran out of memory loses it. One that is debugged has no
deadline. Not emulated: a CPU share, a /tmp of its own.
"""

from __future__ import annotations

import asyncio
import datetime
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from localregion.aws.lambda_.environments import debugging, failure_payloads, memory
from localregion.aws.lambda_.environments.child_process import ChildProcess
from localregion.aws.lambda_.environments.outcome import InitFailure, Outcome
from localregion.aws.lambda_.environments.running_invocation import RunningInvocation
from localregion.aws.lambda_.environments.runtime_api import Invocation, RuntimeApi
from localregion.aws.lambda_.environments.variables import Surroundings, environment_variables
from localregion.aws.lambda_.functions import logs as function_logs
from localregion.aws.lambda_.functions.deployed import Code
from localregion.aws.lambda_.functions.history import InvocationHistory
from localregion.aws.lambda_.functions.logs import TAIL_SIZE, FunctionLog, Output, Report
from localregion.plan.model import Function

# Reading it costs more than the rest of a REPORT line, and it only grows.
MEMORY_SAMPLE_INTERVAL_S = 0.25


@dataclass(frozen=True, kw_only=True)
class FunctionVersion:
    """What all environments of one version of a function share."""

    function: Function
    version: str
    code: Code
    log: FunctionLog
    history: InvocationHistory
    region: str
    aws_endpoint_url: str


class ExecutionEnvironment:
    """Lives from its process' start to its end; `on_ready` follows every return to waiting, `on_end` comes once."""

    def __init__(
        self,
        function_version: FunctionVersion,
        *,
        debug_port: int | None = None,
        on_ready: Callable[[ExecutionEnvironment], None],
        on_completed: Callable[[ExecutionEnvironment], None],
        on_end: Callable[[ExecutionEnvironment], None],
    ) -> None:
        self.function_version = function_version
        self.debug_port = debug_port
        self.id = uuid.uuid4().hex
        self.code_version = function_version.code.check()
        self.state = "starting"
        self.invocations = 0
        self.idle_since = self._started = time.monotonic()
        self.init_duration_ms: float | None = None
        self._on_ready, self._on_completed, self._on_end = on_ready, on_completed, on_end
        self._initialised: asyncio.Future[InitFailure | None] = asyncio.get_running_loop().create_future()
        self._runtime_api = RuntimeApi(self)
        self._process: ChildProcess | None = None
        self._output: Output | None = None
        self._running: RunningInvocation | None = None
        self._tail = bytearray()  # since the last invocation's end, so the first one's tail shows the Init phase
        self._memory_kb, self._memory_read_at = 0, 0.0
        self.is_out_of_memory = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self, limit_s: float) -> InitFailure | None:
        """Start the process and wait until it asks for its first invocation; end it when it does not."""
        timer = asyncio.get_running_loop().call_later(limit_s, self._initialise, "timeout")
        failure: InitFailure | None = None
        try:
            address = await self._runtime_api.start()
            if self.debug_port is not None:
                await debugging.wait_until_free(self.debug_port)
            if self.state == "starting":
                self._write(function_logs.init_start_line(self.function_version.region))
                self._spawn(address)
                failure = await self._initialised
        finally:
            timer.cancel()
            if self.state == "starting":
                self.kill()
        return failure

    def invoke(self, invocation: Invocation) -> asyncio.Future[Outcome]:
        """Run one invocation in this waiting environment."""
        loop = asyncio.get_running_loop()
        timeout_s = told_timeout_s = float(self.function_version.function.timeout_s)
        if self.debug_port is not None:
            timeout_s, told_timeout_s = debugging.TIMEOUT_S, debugging.TOLD_TIMEOUT_S
        self.state = "busy"
        self.invocations += 1
        init_duration_ms = self.init_duration_ms if self.invocations == 1 else None
        self._running = running = RunningInvocation(invocation.request_id, loop.create_future(), init_duration_ms)
        self._write(function_logs.start_line(invocation.request_id, self.function_version.version))
        running.deadline = loop.call_later(timeout_s, self._time_out)
        self._runtime_api.offer(invocation, int((time.time() + told_timeout_s) * 1000))
        if self.is_out_of_memory:
            self.kill()
        return running.outcome

    def is_debugged_at(self, port: int | None) -> bool:
        """Whether it works on an invocation and has this port until it is done."""
        return port is not None and self.debug_port == port and self.state == "busy"

    def limit(self) -> None:
        """Give the running invocation the function's timeout from now on, when it was being debugged."""
        if self.debug_port is not None and self._running is not None:
            loop = asyncio.get_running_loop()
            self._running.replace_deadline(loop.call_later(self.function_version.function.timeout_s, self._time_out))

    def kill(self) -> None:
        """End the environment at once, as Lambda does with one that has no extensions."""
        self.state = "ended"
        if self._process is not None:
            self._process.kill()
        else:
            self._end()

    def has_worked_since(self, moment: float) -> bool:
        """Whether it does anything now or became idle after that moment of the monotonic clock."""
        return self.state != "idle" or self.idle_since >= moment

    def out_of_memory(self) -> None:
        """End it as the kernel ends a process; one without an invocation ends with the next, which then has failed."""
        self.is_out_of_memory = True
        if self.state in ("starting", "busy"):
            self.kill()

    def ready(self) -> None:
        if not self._initialised.done():
            self.init_duration_ms = (time.monotonic() - self._started) * 1000
            self._initialised.set_result(None)
        if self.state != "ended":
            self.state, self.idle_since = "idle", time.monotonic()
            self._on_ready(self)

    def responded(self, payload: bytes) -> None:
        self._complete(payload)

    def failed(self, payload: bytes) -> None:
        self._complete(payload, is_error=True)

    def response_too_large(self) -> None:
        """The runtime client gives up after this refusal, so the environment goes with it."""
        error_type = "Function.ResponseSizeTooLarge"
        self._complete(failure_payloads.response_too_large(), is_error=True, status="error", error_type=error_type)
        self.kill()

    def init_failed(self, payload: bytes) -> None:
        self._initialise("error", posted=payload)

    def _initialise(self, status: str, *, posted: bytes | None = None, returncode: int = 0) -> None:
        if not self._initialised.done():
            duration_ms = (time.monotonic() - self._started) * 1000
            error_type = self._exit_type if status == "error" and posted is None else None
            self._drain()
            failure = InitFailure(duration_ms, status, error_type, posted, returncode, bytes(self._tail))
            self._initialised.set_result(failure)

    def _time_out(self) -> None:
        if self._running is not None:
            request_id, timeout_s = self._running.request_id, self.function_version.function.timeout_s
            self._drain()
            now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            self._write(function_logs.timed_out_line(now, request_id, timeout_s))
            self._complete(failure_payloads.timed_out(request_id, timeout_s), is_error=True, status="timeout")
        self.kill()

    def _exited(self, returncode: int) -> None:
        self.state = "ended"
        if self._output is not None:
            self._output.close()
        self._initialise("error", returncode=returncode)
        if self._running is not None:
            payload = failure_payloads.exited(self._running.request_id, returncode)
            reason = failure_payloads.exit_reason(returncode)
            self._write(f"RequestId: {self._running.request_id} Error: {reason}\nRuntime.ExitError\n".encode())
            self._complete(payload, is_error=True, status="error", error_type=self._exit_type)
        self._end()

    def _end(self) -> None:
        if self._output is not None:
            self._output.close()
        self._runtime_api.close()
        self._on_end(self)

    def _complete(
        self, payload: bytes, *, is_error: bool = False, status: str | None = None, error_type: str | None = None
    ) -> None:
        running = self._running
        if running is None:
            return
        self._drain()
        report = Report(
            request_id=running.request_id,
            duration_ms=(time.monotonic() - running.started) * 1000,
            memory_mb=self.function_version.function.memory_mb,
            memory_used_mb=self._memory_used_mb(),
            init_duration_ms=running.init_duration_ms,
            status=status,
            error_type=error_type,
        )
        self._write(function_logs.report_lines(report))
        self.function_version.history.note(report, error=payload if is_error else None)
        self._running = None
        self.state = "ended" if status else "finishing"
        running.finish(Outcome(payload, is_error, bytes(self._tail)))
        self._tail.clear()
        self._on_completed(self)

    def _spawn(self, runtime_api: str) -> None:
        code = self.function_version.code
        today = datetime.datetime.now(datetime.UTC).strftime("%Y/%m/%d")
        around = Surroundings(
            version=self.function_version.version,
            region=self.function_version.region,
            task_root=code.task_root,
            layers_root=code.layers_root,
            site_packages=code.site_packages,
            python=code.python,
            runtime_api=runtime_api,
            log_stream=f"{today}/[{self.function_version.version}]{self.id}",
            aws_endpoint_url=self.function_version.aws_endpoint_url,
        )
        variables = debugging.VARIABLES if self.debug_port is not None else {}
        self._output = Output(self._write)
        self._process = ChildProcess(
            debugging.runtime_command(code.python, self.function_version.function.handler, self.debug_port),
            cwd=code.task_root,
            environment=environment_variables(self.function_version.function, around) | variables,
            output_fd=self._output.writer_fd,
            on_exit=self._exited,
        )
        self._output.close_writer()

    def _drain(self) -> None:
        if self._output is not None:
            self._output.drain(whole_lines=False)

    def _write(self, lines: bytes) -> None:
        self.function_version.log.write(lines)
        self._tail += lines
        if len(self._tail) > TAIL_SIZE:
            del self._tail[:-TAIL_SIZE]

    @property
    def _exit_type(self) -> str:
        """The error type of the REPORT line; what the invocation answers is a Runtime.ExitError in either case."""
        return "Runtime.OutOfMemory" if self.is_out_of_memory else "Runtime.ExitError"

    def _memory_used_mb(self) -> int:
        if self.is_out_of_memory:
            return self.function_version.function.memory_mb
        now = time.monotonic()
        if self._process is not None and now - self._memory_read_at > MEMORY_SAMPLE_INTERVAL_S:
            self._memory_kb = max(self._memory_kb, memory.peak_kb(self._process.pid))
            self._memory_read_at = now
        return -(-self._memory_kb // 1024)
