"""A function's log: what its environments print and Lambda's own lines, in one file per function, as in its log
group.

Lines are AWS's, tab for tab (https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html). Writes are gathered
for a few milliseconds; a line that a function printed before the emulator died by SIGKILL may be missing. A full file
is set aside between two writes, so no line is torn or lost by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from localregion import rotation

FLUSH_INTERVAL_S = 0.05
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: LogType Tail returns the last 4 KB.
TAIL_SIZE = 4096
_PIPE_READ_SIZE = 65_536


class FunctionLog:
    """The log file of one function, shared by its environments."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lines: list[bytes] = []
        self._flush_timer: asyncio.TimerHandle | None = None

    def write(self, lines: bytes) -> None:
        self._lines.append(lines)
        if self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_INTERVAL_S, self.flush)

    def flush(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        lines, self._lines = self._lines, []
        if lines:
            rotation.set_aside(self._path)
            with open(self._path, "ab", buffering=0) as file:
                file.write(b"".join(lines))


class Output:
    """The reading end of an environment's stdout and stderr; hands on whole lines, in the order they were written."""

    def __init__(self, write_lines: Callable[[bytes], None]) -> None:
        self._write_lines = write_lines
        self._rest = b""
        self._reader, self.writer_fd = os.pipe()
        os.set_blocking(self._reader, False)
        asyncio.get_running_loop().add_reader(self._reader, self.drain)

    def close_writer(self) -> None:
        """Call once the child has its own copy."""
        os.close(self.writer_fd)

    def drain(self, *, whole_lines: bool = True) -> None:
        """Take what is in the pipe now: what a runtime printed before it answered is there already."""
        with contextlib.suppress(BlockingIOError):
            while self._reader >= 0 and (data := os.read(self._reader, _PIPE_READ_SIZE)):
                self._rest += data
                if len(data) < _PIPE_READ_SIZE:
                    break
            else:
                self._close_reader()
        self._hand_on(whole_lines=whole_lines)

    def close(self) -> None:
        self.drain(whole_lines=False)
        self._close_reader()

    def _hand_on(self, *, whole_lines: bool) -> None:
        # The runtime client joins the lines of one error by carriage returns, which Lambda shows as line breaks.
        text = self._rest.replace(b"\r", b"\n")
        end = text.rfind(b"\n") + 1
        lines, self._rest = text[:end], text[end:]
        if self._rest and not whole_lines:
            lines, self._rest = lines + self._rest + b"\n", b""
        if lines:
            self._write_lines(lines)

    def _close_reader(self) -> None:
        if self._reader >= 0:
            asyncio.get_running_loop().remove_reader(self._reader)
            os.close(self._reader)
            self._reader = -1


class Report(NamedTuple):
    """The figures of one REPORT line. `status` and `error_type` are set when Lambda itself ended the invocation."""

    request_id: str
    duration_ms: float
    memory_mb: int
    memory_used_mb: int
    init_duration_ms: float | None = None
    status: str | None = None
    error_type: str | None = None


def init_start_line(region: str) -> bytes:
    version, arn = platform.python_version(), f"arn:aws:lambda:{region}::runtime:local"
    return f"INIT_START Runtime Version: python:{version}\tRuntime Version ARN: {arn}\n".encode()


def init_report_line(duration_ms: float, *, phase: str, status: str, error_type: str | None) -> bytes:
    kind = f"\tError Type: {error_type}" if error_type else ""
    return f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: {phase}\tStatus: {status}{kind}\n".encode()


def start_line(request_id: str, version: str) -> bytes:
    return f"START RequestId: {request_id} Version: {version}\n".encode()


def report_lines(report: Report) -> bytes:
    """Return END and REPORT. The tab before the line's end is Lambda's."""
    init = f"Init Duration: {report.init_duration_ms:.2f} ms\t" if report.init_duration_ms is not None else ""
    status = f"Status: {report.status}\t" if report.status else ""
    error_type = f"Error Type: {report.error_type}\t" if report.error_type else ""
    return (
        f"END RequestId: {report.request_id}\n"
        f"REPORT RequestId: {report.request_id}\tDuration: {report.duration_ms:.2f} ms\t"
        f"Billed Duration: {math.ceil(report.duration_ms)} ms\tMemory Size: {report.memory_mb} MB\t"
        f"Max Memory Used: {report.memory_used_mb} MB\t{init}{status}{error_type}\n"
    ).encode()


def timed_out_line(now: str, request_id: str, timeout_s: float) -> bytes:
    return f"{now} {request_id} Task timed out after {timeout_s:.2f} seconds\n\n".encode()
