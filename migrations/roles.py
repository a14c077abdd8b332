"""The roles of the server: an owner for each schema, a login for each function, two for people; with their time-outs.

Roles belong to the server and not to a database, so they are made before any migration and survive a downgrade.
Time-outs are properties of a role because RDS Proxy pins a connection that says `SET`
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html). Passwords and IAM are `release`'s part.
"""

from sqlalchemy import Connection, text

OWNERS = ("orders_owner", "invoices_owner", "customers_owner", "audit_owner")

# lock_timeout of create_order is what turns the wait for a running original into a 409.
LOGINS: dict[str, dict[str, str]] = {
    "create_order": {"lock_timeout": "1s", "statement_timeout": "3s", "idle_in_transaction_session_timeout": "10s"},
    "cancel_order": {"lock_timeout": "1s", "statement_timeout": "3s", "idle_in_transaction_session_timeout": "10s"},
    "record_payment": {"lock_timeout": "2s", "statement_timeout": "3s", "idle_in_transaction_session_timeout": "10s"},
    "get_order": {"lock_timeout": "1s", "statement_timeout": "3s", "idle_in_transaction_session_timeout": "10s"},
    "invoice_consumer": {
        "lock_timeout": "20s",
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "60s",
    },
    "order_updater": {
        "lock_timeout": "20s",
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "60s",
    },
    "outbox_relay": {"lock_timeout": "5s", "statement_timeout": "20s", "idle_in_transaction_session_timeout": "60s"},
    "invoices_relay": {"lock_timeout": "5s", "statement_timeout": "20s", "idle_in_transaction_session_timeout": "60s"},
    "operations": {"lock_timeout": "5s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"},
}

# For people, over a way in that a stack has or has not (`operatorAccess`): one that looks, one that may change rows.
# Neither can log in until a release says so.
PEOPLE: dict[str, dict[str, str]] = {
    "on_call": {
        "default_transaction_read_only": "on",
        "lock_timeout": "1s",
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "60s",
    },
    "break_glass": {"lock_timeout": "2s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"},
}


def ensure_roles(connection: Connection) -> None:
    """Create what is missing, set what differs; harmless to repeat."""
    for role in OWNERS:
        _create(connection, role, "NOLOGIN")
        # Since PostgreSQL 16 the creator of a role may administer it but not act as it: that takes a grant.
        connection.execute(text(f"GRANT {role} TO CURRENT_USER"))
    for roles, login in ((LOGINS, "LOGIN"), (PEOPLE, "NOLOGIN")):
        for role, settings in roles.items():
            _create(connection, role, login)
            for name, value in settings.items():
                connection.execute(text(f"ALTER ROLE {role} SET {name} = '{value}'"))


def _create(connection: Connection, role: str, login: str) -> None:
    exists = connection.execute(text("SELECT FROM pg_catalog.pg_roles WHERE rolname = :role"), {"role": role}).first()
    if exists is None:
        connection.execute(text(f"CREATE ROLE {role} {login}"))
