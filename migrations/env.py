"""Alembic's entry: one transaction for roles and migrations, one run at a time."""

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from migrations.roles import ensure_roles

# Any constant will do, as long as it is the same in every process that migrates this database.
MIGRATION_LOCK = 4_071_953


def run(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    ensure_roles(connection)
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.get_x_argument(as_dictionary=True)["url"]
    with create_engine(url, poolclass=NullPool).begin() as own:
        run(own)
