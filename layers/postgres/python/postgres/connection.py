"""One live connection to Postgres per execution environment, opened on first use, checked when it may be stale.

Nothing here pins a connection of RDS Proxy: no prepared statements, no `SET`, no start-up options (time-outs are
properties of the login role). The connection is in autocommit mode; a transaction is `with connection.transaction()`.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")

# Called with a statement before it is sent. The context manager that it returns ends when the answer is there.
Observer = Callable[[object], AbstractContextManager[object]]

# An outage, a failover or a lock: the same statement may succeed a moment later.
UNAVAILABLE: tuple[type[psycopg.Error], ...] = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)

# A Lambda environment may be frozen between two invocations for as long as AWS likes, and a proxy or a load balancer
# forgets idle connections meanwhile; after this long we ask before we rely on it.
STALE_AFTER_S = 30.0
CONNECT_TIMEOUT_S = 3
# How long sent data may stay unacknowledged: bounds the wait on a connection whose packets vanish.
TCP_USER_TIMEOUT_MS = 3_000
# How often the watching thread looks whether an attempt takes too long.
WATCH_INTERVAL_S = 0.25
# A peer that vanishes while we wait for its answer sends nothing: probe it after 5 s, give up 6 s later.
KEEPALIVES_IDLE_S = 5
KEEPALIVES_INTERVAL_S = 2
KEEPALIVES_COUNT = 3


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """Where the database is and who we are there; `database_auth` is `iam` (RDS) or `secret` (a password)."""

    database_host: str
    database_port: int
    database_name: str
    database_user: str
    database_auth: str
    database_sslmode: str
    database_sslrootcert: str | None = None
    database_secret_id: str | None = None


class Database:
    """One per execution environment; `password` is asked at each connect, since IAM tokens live 15 minutes.

    `hang_up_after_s` bounds each attempt of `run`: a frozen server acknowledges packets and answers nothing, and no
    time-out of libpq covers that. `observe` is called with every statement.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        password: Callable[[], str],
        hang_up_after_s: float | None = None,
        observe: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._password = password
        self._hang_up_after_s = hang_up_after_s
        self._cursor = psycopg.Cursor if observe is None else _observed_cursor(observe)
        self._clock = clock
        self._connection: psycopg.Connection[Any] | None = None
        self._used_at = 0.0
        self._busy: tuple[float, psycopg.Connection[Any]] | None = None

    def connection(self) -> psycopg.Connection[Any]:
        """The live connection, reopened if need be. Raises psycopg.OperationalError when there is no database."""
        if self._connection is None or not self._is_alive(self._connection):
            self.close()
            self._connection = self._connect()
            if self._hang_up_after_s is not None:
                threading.Thread(target=self._watch, args=[self._connection], name="hang-up", daemon=True).start()
        self._used_at = self._clock()
        return self._connection

    def run(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Do `work` on the live connection, and once more on a new one if the connection is lost underway.

        Whether the first attempt was committed cannot be known then, so `work` has to be harmless to repeat.
        """
        connection = self.connection()
        try:
            return self._bounded(work, connection)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
            return self._bounded(work, self.connection())

    def _bounded(self, work: Callable[[psycopg.Connection[Any]], T], connection: psycopg.Connection[Any]) -> T:
        if self._hang_up_after_s is None:
            return work(connection)
        self._busy = (self._clock() + self._hang_up_after_s, connection)
        try:
            return work(connection)
        finally:
            self._busy = None

    def _watch(self, watched: psycopg.Connection[Any]) -> None:
        """Hang up when an attempt takes too long; one thread for each connection, since one for each attempt costs
        milliseconds. Ends with its connection."""
        while self._connection is watched and not watched.closed:
            time.sleep(WATCH_INTERVAL_S)
            busy = self._busy
            if busy is not None and busy[1] is watched and self._clock() > busy[0]:
                _hang_up(watched)

    def close(self) -> None:
        """Drop the connection; the next use opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _is_alive(self, connection: psycopg.Connection[Any]) -> bool:
        if connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            return False
        # An idle server sends nothing: readable bytes are its last message, or the end of the stream.
        if select.select([connection.fileno()], [], [], 0)[0]:
            return False
        if self._clock() - self._used_at < STALE_AFTER_S:
            return True
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection[Any]:
        settings = self._settings
        return psycopg.connect(
            host=settings.database_host,
            port=settings.database_port,
            dbname=settings.database_name,
            user=settings.database_user,
            password=self._password(),
            sslmode=settings.database_sslmode,
            sslrootcert=settings.database_sslrootcert,
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=TCP_USER_TIMEOUT_MS,
            keepalives_idle=KEEPALIVES_IDLE_S,
            keepalives_interval=KEEPALIVES_INTERVAL_S,
            keepalives_count=KEEPALIVES_COUNT,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=self._cursor,
        )


def _observed_cursor(observe: Observer) -> type[psycopg.Cursor[Any]]:
    class ObservedCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> ObservedCursor:
            with observe(query):
                return super().execute(query, *arguments, **options)

    return ObservedCursor


def _hang_up(connection: psycopg.Connection[Any]) -> None:
    """End the stream under a waiting connection: libpq sees a server that has gone, and the wait is over."""
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as stream:
        stream.shutdown(socket.SHUT_RDWR)
