"""End execution environments that use more memory than their function has, as the kernel of Lambda's machines does.

Every 50 ms those that work, or have just worked, are looked at, and five times a second for what they have started:
neither root nor a control group is needed. With very many it is less often, for it may take a fiftieth of the
emulator's time. What grows and shrinks again in between is not caught, and the figure in the REPORT line then is above
the memory size. One that is found too large between two invocations dies with the next one. Debugged environments are
spared: the debugger needs memory too.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable

from localregion.aws.lambda_.environments.environment import ExecutionEnvironment
from localregion.aws.lambda_.environments.memory import MemoryUse

SAMPLE_INTERVAL_S = 0.05
_PAUSE_FOR_WORK = 50


class MemoryLimit:
    """By function: `pretended_mb` is another limit than the plan's, `killed` how many environments went beyond it."""

    def __init__(self, environments: Callable[[], Iterable[ExecutionEnvironment]]) -> None:
        self.pretended_mb: dict[str, int] = {}
        self.killed: Counter[str] = Counter()
        self._environments = environments
        self._memory = MemoryUse()
        self._checked_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def enforce(self) -> None:
        """Look at every environment now and from now on, until `stop`."""
        last, self._checked_at = self._checked_at, time.monotonic()
        # Not the time on the clock: what others do meanwhile must not make the next look come later.
        began_s = time.thread_time()
        working = [each for each in self._environments() if each.has_worked_since(last) and each.debug_port is None]
        if working:
            self._memory.look()
        for environment in working:
            self._check(environment)
        pause_s = max(SAMPLE_INTERVAL_S, _PAUSE_FOR_WORK * (time.thread_time() - began_s))
        self._timer = asyncio.get_running_loop().call_later(pause_s, self.enforce)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _check(self, environment: ExecutionEnvironment) -> None:
        function = environment.function_version.function
        limit_kb = self.pretended_mb.get(function.name, function.memory_mb) * 1024
        if environment.pid is not None and self._memory.is_beyond(environment.pid, limit_kb):
            self.killed[function.name] += not environment.is_out_of_memory
            environment.out_of_memory()
