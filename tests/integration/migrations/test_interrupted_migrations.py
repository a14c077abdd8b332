"""A run that cannot go on leaves what it has done, and the next one goes on from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import migrations
import psycopg
import pytest
from migrations.session import MigrationsBusyError, session
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError, ProgrammingError
from tests.integration.migrations.longer_history import longer_history
from tests.integration.migrations.test_migrations import query

from localregion.testing.services import RunningPostgres

ADD_COLUMN = (
    'op.execute("SET LOCAL ROLE orders_owner; ALTER TABLE orders.orders ADD COLUMN note text; RESET ROLE")',
    'op.execute("SET LOCAL ROLE orders_owner; ALTER TABLE orders.orders DROP COLUMN note; RESET ROLE")',
)
INDEX = (
    'create_index("orders_customer_id", table="orders.orders", columns="(customer_id, created_at)")',
    'drop_index("orders_customer_id", table="orders.orders")',
)
UNIQUE = (
    'create_index("orders_customer_id", table="orders.orders", columns="(customer_id)", is_unique=True)',
    INDEX[1],
)
ORDERS = (
    "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
    " SELECT gen_random_uuid(), 'c', 1, 'BRL', now() FROM generate_series(1, 2)"
)

Write = Callable[..., None]


@pytest.fixture
def write(migrated: RunningPostgres, url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Give the project's history more migrations for one test."""
    newest = migrations.head()

    def written(*steps: tuple[str, str]) -> None:
        monkeypatch.setattr(migrations, "configuration", longer_history(tmp_path, list(steps)))

    yield written
    migrations.downgrade(url, newest)
    execute(migrated, "DELETE FROM orders.orders")


def execute(server: RunningPostgres, statement: str) -> None:
    with psycopg.connect(server.dsn, dbname="migrated", autocommit=True) as connection:
        connection.execute(statement)


def revision(server: RunningPostgres) -> str:
    return str(query(server, "SELECT version_num FROM alembic_version")[0][0])


def index_states(server: RunningPostgres) -> list[tuple[bool, str]]:
    """Whether the test's index is valid and who owns it; nothing where there is none."""
    return query(
        server,
        "SELECT indisvalid, relowner::regrole::text FROM pg_index JOIN pg_class ON oid = indexrelid"
        " WHERE relname = 'orders_customer_id'",
    )


def test_a_migration_that_fails_leaves_the_earlier_ones_and_is_repeated(
    migrated: RunningPostgres, url: URL, write: Write
) -> None:
    write(ADD_COLUMN, ('op.execute("CREATE TABLE orders.half (x int)")\nop.execute("SELECT nonsense")', "pass"))
    with pytest.raises(ProgrammingError):
        migrations.upgrade(url)
    assert revision(migrated) == "test1"
    assert query(migrated, "SELECT to_regclass('orders.half')") == [(None,)]


def test_an_index_is_built_outside_a_transaction_for_the_tables_owner(
    migrated: RunningPostgres, url: URL, write: Write
) -> None:
    write(ADD_COLUMN, INDEX)
    migrations.upgrade(url)
    assert (revision(migrated), index_states(migrated)) == ("test2", [(True, "orders_owner")])
    migrations.downgrade(url, "test1")
    assert index_states(migrated) == []


def test_what_a_failed_build_left_behind_is_built_again(migrated: RunningPostgres, url: URL, write: Write) -> None:
    write(ADD_COLUMN, UNIQUE)
    execute(migrated, ORDERS)
    with pytest.raises(Exception, match="could not create unique index"):
        migrations.upgrade(url)
    assert (revision(migrated), index_states(migrated)) == ("test1", [(False, "orders_owner")])

    execute(migrated, "DELETE FROM orders.orders")
    migrations.upgrade(url)
    assert (revision(migrated), index_states(migrated)) == ("test2", [(True, "orders_owner")])


def test_a_locked_table_is_tried_again_until_it_is_free(migrated: RunningPostgres, url: URL, write: Write) -> None:
    write(ADD_COLUMN)
    with psycopg.connect(migrated.dsn, dbname="migrated") as reader:
        reader.execute("SELECT FROM orders.orders")
        migrating = threading.Thread(target=migrations.upgrade, args=[url])
        migrating.start()
        # It waits, gives up and waits again: seen twice with a time between in which nothing waits.
        for is_waiting in (True, False, True):
            wait_until(lambda wanted=is_waiting: waits(migrated) == wanted)
    migrating.join(20)
    assert revision(migrated) == "test1"


def test_a_table_that_stays_locked_fails_the_run_in_time(migrated: RunningPostgres, url: URL, write: Write) -> None:
    write(ADD_COLUMN)
    with psycopg.connect(migrated.dsn, dbname="migrated") as reader:
        reader.execute("SELECT FROM orders.orders")
        with pytest.raises(OperationalError, match="lock timeout"):
            migrations.upgrade(url, deadline_s=1.2)
    assert revision(migrated) != "test1"


def test_two_runs_at_once_are_one_after_the_other(migrated: RunningPostgres, url: URL, write: Write) -> None:
    """Also while one of them builds an index, which waits for every transaction that is older than it."""
    write(ADD_COLUMN, INDEX)
    failures: list[Exception] = []

    def upgrade() -> None:
        try:
            migrations.upgrade(url)
        except Exception as error:
            failures.append(error)

    runs = [threading.Thread(target=upgrade) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(30)
    assert failures == []
    assert (revision(migrated), index_states(migrated)) == ("test2", [(True, "orders_owner")])


def test_a_run_whose_turn_does_not_come_says_so(migrated: RunningPostgres, url: URL) -> None:
    with session(url, deadline=time.monotonic() + 30), pytest.raises(MigrationsBusyError):
        migrations.upgrade(url, deadline_s=0.3)


def waits(server: RunningPostgres) -> bool:
    return query(server, "SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
