"""One live connection to Postgres per execution environment, opened on first use, checked when it may be stale.

Nothing here pins a connection of RDS Proxy: no prepared statements, no `SET`, no start-up options (time-outs are
properties of the login role). The connection is in autocommit mode; a transaction is `with connection.transaction()`.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html

Every wait has an end, that of the liveness check and of a commit included: a frozen server acknowledges packets and
answers nothing, and neither its own time-outs nor libpq's nor TCP's cover that.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any, TypeVar

from postgres.lean_psycopg import psycopg
from sockets import Deadline
from sockets.resolver import resolve

T = TypeVar("T")

# Called with a statement before it is sent. The context manager that it returns ends when the answer is there.
Observer = Callable[[object], AbstractContextManager[object]]

# An outage, a failover or a lock: the same statement may succeed a moment later.
UNAVAILABLE: tuple[type[psycopg.Error], ...] = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)

# A Lambda environment may be frozen between two invocations for as long as AWS likes, and a proxy or a load balancer
# forgets idle connections meanwhile; after this long we ask before we rely on it.
STALE_AFTER_S = 30.0
# A connection that does not answer this in time is replaced by a new one.
LIVENESS_TIMEOUT_S = 1.0
CONNECT_TIMEOUT_S = 3
# What psycopg makes of any shorter time-out, and what each address of several is given.
CONNECT_TIMEOUT_MIN_S = 2
# Longer than the longest statement_timeout of a role (migrations/roles.py): the server's own word comes first.
HANG_UP_AFTER_S = 65.0
# How long sent data may stay unacknowledged: bounds the wait on a connection whose packets vanish.
TCP_USER_TIMEOUT_MS = 3_000
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


class SilentServerError(psycopg.OperationalError):
    """The database did not answer in time; its connection is closed."""

    def __init__(self) -> None:
        super().__init__("the database did not answer in time")


class Database:
    """One per execution environment; `password` is asked at each connect, since IAM tokens live 15 minutes.

    `hang_up_after_s` bounds each wait for the server, and the whole of `run`. `observe` is called with every statement.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        password: Callable[[], str],
        hang_up_after_s: float = HANG_UP_AFTER_S,
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
        self._ends_at = inf

    def finish_within(self, seconds: float) -> None:
        """No wait goes beyond this from now on: what an invocation has, less what it needs afterwards.

        One that has less is given the time to connect all the same: it finds that there is no time, and says so.
        """
        self._ends_at = self._clock() + max(seconds, CONNECT_TIMEOUT_S)

    def connection(self) -> psycopg.Connection[Any]:
        """The live connection, reopened if need be. Raises psycopg.OperationalError when there is no database."""
        if self._connection is None or not self._is_alive(self._connection):
            self.close()
            self._connection = self._connect()
        self._used_at = self._clock()
        return self._connection

    def run(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Do `work` on the live connection, and once more on a new one if the connection is lost underway.

        Whether the first attempt was committed cannot be known then, so `work` has to be harmless to repeat. A server
        that says nothing is not asked again. All of it together takes no longer than `hang_up_after_s`.
        """
        with self._at_most(self._hang_up_after_s):
            connection = self.connection()
            try:
                return work(connection)
            except SilentServerError:
                raise
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
                return work(self.connection())

    @contextmanager
    def _at_most(self, seconds: float) -> Iterator[None]:
        before = self._ends_at
        self._ends_at = min(before, self._clock() + seconds)
        try:
            yield
        finally:
            self._ends_at = before

    def _patience_s(self) -> float:
        """How long the next wait may take."""
        return max(0.0, min(self._hang_up_after_s, self._ends_at - self._clock()))

    def close(self) -> None:
        """Drop the connection; the next use opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _is_alive(self, connection: psycopg.Connection[Any]) -> bool:
        if connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            return False
        # A session keeps what the database or the role said when it began, also after that is set back (from 14 on).
        if connection.info.parameter_status("default_transaction_read_only") == "on":
            return False
        # An idle server sends nothing: readable bytes are its last message, or the end of the stream.
        if select.select([connection.fileno()], [], [], 0)[0]:
            return False
        if self._clock() - self._used_at < STALE_AFTER_S:
            return True
        try:
            with self._at_most(LIVENESS_TIMEOUT_S):
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection[Any]:
        """Try the name's addresses one after the other, as long as there is time for one more."""
        addresses = self._addresses()
        timeout_s = CONNECT_TIMEOUT_S if len(addresses) == 1 else CONNECT_TIMEOUT_MIN_S
        failure: psycopg.OperationalError = SilentServerError()
        for address in addresses:
            if (left_s := int(self._patience_s())) < CONNECT_TIMEOUT_MIN_S:
                break
            try:
                return self._connect_to(address, timeout_s=min(timeout_s, left_s))
            except psycopg.OperationalError as error:
                failure = error
        raise failure

    def _addresses(self) -> list[str]:
        host, port = self._settings.database_host, self._settings.database_port
        try:
            found = resolve(host, port, Deadline(min(CONNECT_TIMEOUT_S, self._patience_s())))
        except OSError as error:
            raise psycopg.OperationalError(str(error)) from error
        return [str(each[4][0]) for each in found]

    def _connect_to(self, address: str, *, timeout_s: int) -> psycopg.Connection[Any]:
        settings = self._settings
        connection = _BoundedConnection.connect(
            host=settings.database_host,
            hostaddr=address,
            port=settings.database_port,
            dbname=settings.database_name,
            user=settings.database_user,
            password=self._password(),
            sslmode=settings.database_sslmode,
            sslrootcert=settings.database_sslrootcert,
            connect_timeout=timeout_s,
            tcp_user_timeout=TCP_USER_TIMEOUT_MS,
            keepalives_idle=KEEPALIVES_IDLE_S,
            keepalives_interval=KEEPALIVES_INTERVAL_S,
            keepalives_count=KEEPALIVES_COUNT,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=self._cursor,
        )
        connection.patience_s = self._patience_s
        return connection


class _BoundedConnection(psycopg.Connection[Any]):
    """One that hangs up when the server takes longer than `patience_s` says: psycopg waits here, whatever for."""

    patience_s: Callable[[], float]

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return super().wait(gen, *arguments, **{**options, "timeout": self.patience_s()})
        except psycopg.errors._WaitTimeout:
            self.close()
            raise SilentServerError from None


def _observed_cursor(observe: Observer) -> type[psycopg.Cursor[Any]]:
    class ObservedCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> ObservedCursor:
            with observe(query):
                return super().execute(query, *arguments, **options)

    return ObservedCursor
