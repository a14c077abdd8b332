"""Alembic's entry: the roles, then each migration in a transaction of its own, one run at a time."""

import time

from alembic import context
from sqlalchemy import Connection

from migrations.roles import ensure_roles
from migrations.session import session

# For developers; `release` brings a session of its own.
COMMAND_LINE_DEADLINE_S = 240.0


def run(connection: Connection) -> None:
    ensure_roles(connection)
    # Alembic leaves transactions alone that it finds open.
    connection.commit()
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.get_x_argument(as_dictionary=True)["url"]
    with session(url, deadline=time.monotonic() + COMMAND_LINE_DEADLINE_S) as own:
        run(own)
