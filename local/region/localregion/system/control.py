"""The supervisor's control socket: one JSON request per connection, one JSON answer, mode 0600.

Addressed through an open descriptor of its folder, since a Unix socket's path may have 108 bytes and a project's may
have more. ConnectionError means that no supervisor listens.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_NAME = "control.socket"

Request = dict[str, Any]
Answer = dict[str, Any]


def ask(run_folder: Path, request: Request, *, timeout_s: float = 60) -> Answer:
    """Send a request to the supervisor and return its answer."""
    if not run_folder.exists():
        raise ConnectionError("no supervisor has ever run")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection, _short_path(run_folder) as path:
        connection.settimeout(timeout_s)
        try:
            connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            text = connection.makefile("rb").readline()
        except (FileNotFoundError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
    if not text:
        raise ConnectionError("the supervisor closed the connection")
    answer: Answer = json.loads(text)
    return answer


class ControlServer:
    """Listens in the supervisor; each request is handled in a thread of its own."""

    def __init__(self, run_folder: Path, handle: Callable[[Request], Answer]) -> None:
        self._handle = handle
        (run_folder / _NAME).unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        with _short_path(run_folder) as path:
            self._listener.bind(path)
        (run_folder / _NAME).chmod(0o600)
        self._listener.listen()

    def serve_forever(self) -> None:
        """Return when `close` was called."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def close(self) -> None:
        # Closing alone would leave `accept` waiting.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.closing(connection), contextlib.suppress(OSError):
            request = json.loads(connection.makefile("rb").readline() or b"{}")
            connection.sendall(json.dumps(self._handle(request)).encode() + b"\n")


@contextlib.contextmanager
def _short_path(run_folder: Path) -> Iterator[str]:
    descriptor = os.open(run_folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{_NAME}"
    finally:
        os.close(descriptor)
