"""Read the running system's Postgres as its master user: one connection, read-only, everything within short times.

The server's time-outs bound a busy database; a frozen one is bounded here: its socket is shut down, which ends the wait
of the thread. After a failure there is no further try for a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from localregion.console.sources.remembered import SourceDownError

READ_TIMEOUT_S = 2.5
_STATEMENT_TIMEOUT_MS = 1500
_PAUSE_S = 1.0
_OPTIONS = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_TIMEOUT_MS} -c lock_timeout=500"

Rows = list[tuple[Any, ...]]
Statement = tuple[str, Mapping[str, Any]]


class Database:
    """`dsn` is asked at every connection; it may raise SourceDownError."""

    def __init__(self, dsn: Callable[[], str]) -> None:
        self._dsn = dsn
        self._connection: Any = None
        self._turn = asyncio.Lock()
        self._failure: tuple[float, str] | None = None
        self._is_cut = False

    async def read(self, *statements: Statement) -> list[Rows]:
        """Return the rows of each, all of one snapshot. Raises SourceDownError."""
        self._raise_recent_failure()
        async with self._turn:
            self._raise_recent_failure()
            reading = asyncio.create_task(asyncio.to_thread(self._read, statements))
            done, _ = await asyncio.wait([reading], timeout=READ_TIMEOUT_S)
            if not done:
                self._cut()
            try:
                return await reading
            except SourceDownError as error:
                self._failure = time.monotonic() + _PAUSE_S, str(error)
                raise

    async def close(self) -> None:
        self._cut()

    def _raise_recent_failure(self) -> None:
        if self._failure is not None and time.monotonic() < self._failure[0]:
            raise SourceDownError(self._failure[1])

    def _read(self, statements: tuple[Statement, ...]) -> list[Rows]:
        # Not at the start of the program: it takes longer to import than all the rest.
        import psycopg

        was_connected = not self._is_lost()
        try:
            return self._snapshot(statements)
        except psycopg.Error as error:
            # The connection of before may have ended with a Postgres that has been started again since.
            if not (was_connected and self._is_lost()) or self._is_cut:
                raise SourceDownError(_words(error)) from error
        try:
            return self._snapshot(statements)
        except psycopg.Error as error:
            raise SourceDownError(_words(error)) from error

    def _snapshot(self, statements: tuple[Statement, ...]) -> list[Rows]:
        import psycopg

        self._is_cut = False
        if self._is_lost():
            # Planned anew each time, as the functions have it: a plan for any values may read a table whole.
            self._connection = psycopg.connect(
                self._dsn(), connect_timeout=2, autocommit=True, prepare_threshold=None, options=_OPTIONS
            )
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with self._connection.transaction():
            return [self._connection.execute(text, parameters).fetchall() for text, parameters in statements]

    def _is_lost(self) -> bool:
        return self._connection is None or bool(self._connection.closed)

    def _cut(self) -> None:
        """End a wait for a server that says nothing: the thread finds its connection closed."""
        self._is_cut = True
        if not self._is_lost():
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as transport:
                transport.shutdown(socket.SHUT_RDWR)


def _words(error: Exception) -> str:
    return f"Postgres: {(str(error).strip() or type(error).__name__).splitlines()[0]}"
