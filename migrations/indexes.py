"""Indexes on tables that are in use: built and dropped CONCURRENTLY, outside a transaction, as the table's owner.

Such a build holds a lock that stops neither reads nor writes, and waits for every transaction that is older than it;
so it may wait as long as the run may take. What it leaves behind when it fails is an INVALID index, which costs every
write and serves no read: it is dropped and built again. A migration that calls one of these does nothing else, because
what comes before it is committed and repeated with it.
https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from alembic import op
from sqlalchemy import Connection, text

OWNER = "SELECT relowner::regrole::text FROM pg_class WHERE oid = CAST(:table AS regclass)"
IS_INVALID = "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)"


def create_index(name: str, *, table: str, columns: str, is_unique: bool = False) -> None:
    """Build an index on `schema.table`; `columns` is what follows, such as `(customer_id) WHERE amount > 0`."""
    kind = "UNIQUE INDEX" if is_unique else "INDEX"
    index = _qualified(name, table)
    with _outside_transactions(table) as connection:
        if connection.scalar(text(IS_INVALID), {"index": index}):
            connection.execute(text(f"DROP INDEX CONCURRENTLY {index}"))
        connection.execute(text(f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {table} {columns}"))


def drop_index(name: str, *, table: str) -> None:
    """Drop an index of `schema.table`, if it is there."""
    with _outside_transactions(table) as connection:
        connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {_qualified(name, table)}"))


def _qualified(name: str, table: str) -> str:
    return f"{table.partition('.')[0]}.{name}"


@contextlib.contextmanager
def _outside_transactions(table: str) -> Iterator[Connection]:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        owner = connection.scalar(text(OWNER), {"table": table})
        connection.execute(text(f"SET ROLE {owner}"))
        connection.execute(text("SET lock_timeout = 0"))
        try:
            yield connection
        finally:
            connection.execute(text("RESET lock_timeout"))
            connection.execute(text("RESET ROLE"))
