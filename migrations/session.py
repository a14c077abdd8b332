"""The connection that migrates: one run at a time, and no lock is waited for longer than orders can wait.

A statement that waits for a strong lock makes every later statement on that table wait behind it. So `lock_timeout` is
half of what `create_order` waits for one, and the run that gave up is tried again. It is a start-up option of the
session, so that it holds outside transactions, too; `release` talks to the instance, where no proxy could be pinned.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.pool import NullPool

LOCK_TIMEOUT_MS = 500
# Any constant will do, as long as every process that migrates this database has the same.
MIGRATION_LOCK = 4_071_953
TURN_INTERVAL_S = 0.2


class MigrationsBusyError(Exception):
    """Another release was migrating this database for all the time that this one had."""


@contextlib.contextmanager
def session(url: URL | str, *, deadline: float) -> Iterator[Connection]:
    """Yield a connection, outside a transaction, that no other run has beside it; `deadline` is on the monotonic clock.

    Raises MigrationsBusyError when its turn does not come. Closing it gives the turn away.
    """
    left_ms = max(1, int((deadline - time.monotonic()) * 1000))
    options = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={left_ms}"
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": options})
    with engine.connect() as connection:
        _wait_for_turn(connection, deadline)
        yield connection


def _wait_for_turn(connection: Connection, deadline: float) -> None:
    """Ask until it is ours: a statement that waits has a snapshot, for which a concurrent index build waits in turn."""
    while True:
        is_ours = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        if is_ours:
            return
        if time.monotonic() > deadline:
            raise MigrationsBusyError(MigrationsBusyError.__doc__)
        time.sleep(TURN_INTERVAL_S)
