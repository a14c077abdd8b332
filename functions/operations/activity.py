"""What the database is doing: its sessions, the longest transactions, who waits for whom; and an end to one of them.

Read from `pg_stat_activity`, which shows the statements of others to this login (`pg_monitor`). Statements are shown
without their parameters. Behind RDS Proxy a session is the proxy's, and several functions use it one after the other.
"""

from __future__ import annotations

from typing import Any

import psycopg

from contracts.timestamps import format_timestamp
from operations.parked_messages import UnknownMessageError

LISTED_MAX = 20
STATEMENT_LENGTH_MAX = 500

_SESSIONS = """
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""

CONNECTIONS = """
SELECT count(*) FILTER (WHERE backend_type = 'client backend'), current_setting('max_connections')::int
FROM pg_stat_activity
"""

BY_LOGIN = f"""
SELECT usename, coalesce(state, 'unknown'), count(*) {_SESSIONS} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""

# What is blocked stands beside what blocks it; then the longest.
TRANSACTIONS = f"""
SELECT pid, usename, coalesce(state, 'unknown'), xact_start,
       extract(epoch FROM clock_timestamp() - xact_start)::float8,
       extract(epoch FROM clock_timestamp() - coalesce(query_start, xact_start))::float8,
       wait_event_type, wait_event, pg_blocking_pids(pid), left(query, {STATEMENT_LENGTH_MAX})
{_SESSIONS} AND xact_start IS NOT NULL
ORDER BY xact_start LIMIT {LISTED_MAX}
"""  # noqa: S608 (constants)

SIGNAL = {
    ends_session: f"SELECT {function}(pid) {_SESSIONS} AND pid = %s"
    for ends_session, function in ((False, "pg_cancel_backend"), (True, "pg_terminate_backend"))
}


def look(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return sessions by login and the longest transactions, with who blocks them."""
    used, most = connection.execute(CONNECTIONS).fetchone() or (0, 0)
    transactions = [_transaction(row) for row in connection.execute(TRANSACTIONS)]
    return {
        "connections": used,
        "connectionsMax": most,
        "sessions": [
            {"login": login, "state": state, "sessions": count} for login, state, count in connection.execute(BY_LOGIN)
        ],
        "blocked": sum(bool(each["blockedBy"]) for each in transactions),
        "transactions": transactions,
    }


def cancel(connection: psycopg.Connection[Any], *, pid: int, ends_session: bool) -> dict[str, Any]:
    """Cancel what a session of this database runs, or end it. Raises UnknownMessageError."""
    row = connection.execute(SIGNAL[ends_session], [pid]).fetchone()
    if row is None or not row[0]:
        raise UnknownMessageError(f"no other session of this database has the process id {pid}")
    return {"ended" if ends_session else "canceled": 1}


def _transaction(row: tuple[Any, ...]) -> dict[str, Any]:
    pid, login, state, began_at, open_s, running_s, wait_kind, wait, blocked_by, statement = row
    return {
        "pid": pid,
        "login": login,
        "state": state,
        "beganAt": format_timestamp(began_at),
        "openSeconds": round(open_s, 3),
        "statementSeconds": round(running_s, 3),
        "waitsFor": None if wait_kind is None else f"{wait_kind}: {wait}",
        "blockedBy": list(blocked_by),
        "statement": " ".join(statement.split()),
    }
