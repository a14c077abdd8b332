"""Start a process that cannot outlive the emulator, and hear of its end.

The kernel kills the child when the emulator dies, by SIGKILL too (PR_SET_PDEATHSIG, set by util-linux' `setpriv`,
which then becomes the child: unlike a preexec_fn this keeps the cheap vfork). Where `setpriv` is missing, a child
ends when its next call to the Runtime API fails. A child leads its own process group, so that its own children end
with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path


@functools.cache
def _dies_with_parent() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


class ChildProcess:
    """One running process; `on_exit` is called in the event loop with its return code, exactly once."""

    def __init__(
        self,
        command: list[str],
        *,
        cwd: Path,
        environment: dict[str, str],
        output_fd: int,
        on_exit: Callable[[int], None],
    ) -> None:
        self._popen = subprocess.Popen(
            [*_dies_with_parent(), *command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output_fd,
            stderr=output_fd,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        self._on_exit = on_exit
        self._watch()

    def kill(self) -> None:
        """SIGKILL the process and what it started; nothing when it is over."""
        if self._popen.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        if hasattr(os, "pidfd_open"):
            pidfd = os.pidfd_open(self.pid)
            loop.add_reader(pidfd, self._reap, loop, pidfd)
        else:
            threading.Thread(target=self._wait_in_thread, args=(loop,), daemon=True).start()

    def _reap(self, loop: asyncio.AbstractEventLoop, pidfd: int) -> None:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        self._on_exit(self._popen.wait())

    def _wait_in_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        returncode = self._popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(self._on_exit, returncode)
