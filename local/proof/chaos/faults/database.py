"""Postgres that is frozen, full, locked, too slow, read-only after a failover, or ends what it finds."""

from __future__ import annotations

import contextlib
import random
import threading
from typing import Any

import psycopg

from proof.chaos.fault import fault
from proof.chaos.world import NotBittenError, World

_FUNCTIONS = "('create_order', 'get_order', 'invoice_consumer', 'outbox_relay', 'operations')"
# Of what migrations/roles.py sets for create_order.
_STATEMENT_TIMEOUT = "3s"


def _refusals(world: World) -> int:
    return sum(request.status == 503 for request in list(world.history.requests))


def _refuses(world: World) -> None:
    """A clear 503 is what shows that the fault bit."""
    before = _refusals(world)
    world.until(lambda: _refusals(world) > before, "no session was refused", timeout_s=60)


def _end_sessions(connection: psycopg.Connection[Any]) -> int:
    ended = connection.execute(
        f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename IN {_FUNCTIONS}"
    ).fetchone()
    return int(ended[0]) if ended else 0


def sessions_ended(world: World, chance: random.Random) -> str:
    with contextlib.closing(world.postgres()) as connection:
        for _ in range(100):
            if count := _end_sessions(connection):
                return f"{count} sessions ended"
            threading.Event().wait(0.1)
    raise NotBittenError("there was no session")


def full(world: World, chance: random.Random) -> str:
    """The database has no connection left for anybody (`too many connections`)."""
    with contextlib.closing(world.postgres()) as connection:
        database = connection.info.dbname
        connection.execute(f"ALTER DATABASE {database} CONNECTION LIMIT 0")
        try:
            count = _end_sessions(connection)
            _refuses(world)
        finally:
            connection.execute(f"ALTER DATABASE {database} CONNECTION LIMIT -1")
    return f"no connection left for {count} sessions"


def frozen(world: World, chance: random.Random) -> str:
    """SIGSTOP: its kernel takes connections and acknowledges packets, and nothing answers."""
    with world.frozen(world.pid("postgres")):
        _refuses(world)
        threading.Event().wait(chance.uniform(0, 5))
    return "it stood still"


def locked(world: World, chance: random.Random) -> str:
    """Longer than create_order's lock_timeout: a 503, with a key or without."""
    table = chance.choice(["orders.orders", "orders.idempotency_keys", "invoices.invoices", "orders.outbox"])
    with contextlib.closing(world.postgres()) as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        world.until(lambda: bool(world.query("SELECT FROM pg_locks WHERE NOT granted")), "none waited", timeout_s=30)
        threading.Event().wait(chance.uniform(1, 4))
    return f"{table} was locked"


def statement_timeout(world: World, chance: random.Random) -> str:
    """Every statement of create_order takes longer than it may."""
    with contextlib.closing(world.postgres()) as connection:
        connection.execute("ALTER ROLE create_order SET statement_timeout = '1ms'")
        try:
            with connection.transaction():
                connection.execute("LOCK TABLE orders.orders IN SHARE MODE")
                _end_sessions(connection)
                _refuses(world)
        finally:
            connection.execute(f"ALTER ROLE create_order SET statement_timeout = '{_STATEMENT_TIMEOUT}'")
            _end_sessions(connection)
    return "statements of create_order were cancelled"


def read_only(world: World, chance: random.Random) -> str:
    """As the endpoint of a former writer is, for a moment after a failover."""
    with contextlib.closing(world.postgres()) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        try:
            connection.execute("SELECT pg_reload_conf()")
            _refuses(world)
            threading.Event().wait(chance.uniform(0, 2))
        finally:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")
    return "the database was read-only"


def deadlock(world: World, chance: random.Random) -> str:
    """The consumer holds the counter and wants the table; we hold the table and want the counter.

    Postgres ends the session that finds the deadlock: the consumer, since ours looks for it much later.
    """
    before = _deadlocks(world)
    for _ in range(5):
        with contextlib.closing(world.postgres()) as connection, connection.transaction():
            connection.execute("SET LOCAL deadlock_timeout = '60s'")
            connection.execute("LOCK TABLE invoices.invoices IN SHARE MODE")
            world.until(lambda: _waits_for_invoices(world), "no invoice was issued meanwhile", timeout_s=30)
            connection.execute("SELECT FROM invoices.invoice_counter FOR UPDATE")
        with contextlib.suppress(NotBittenError):
            world.until(lambda: _deadlocks(world) > before, "no deadlock", timeout_s=3)
            return "the consumer was a deadlock's victim"
    raise NotBittenError("there was no deadlock")


def _deadlocks(world: World) -> int:
    return int(world.query("SELECT sum(deadlocks)::int FROM pg_stat_database")[0][0])


def _waits_for_invoices(world: World) -> bool:
    statement = "SELECT FROM pg_locks WHERE relation = 'invoices.invoices'::regclass AND NOT granted"
    return bool(world.query(statement))


FAULTS = [
    fault("database sessions ended", sessions_ended, "postgres"),
    fault("Postgres frozen", frozen, "postgres", "create_order"),
    fault("database at its connection limit", full, "postgres", "create_order"),
    fault("lock wait time-out", locked, "postgres", "create_order"),
    fault("statement time-out", statement_timeout, "postgres", "create_order"),
    fault("database read-only", read_only, "postgres", "create_order"),
    fault("deadlock", deadlock, "postgres", "rabbitmq"),
]
