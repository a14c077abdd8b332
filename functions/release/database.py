"""The database's part of a release: migrations, then how each function's role logs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import migrations
import psycopg
from migrations.roles import LOGINS
from psycopg import sql
from sqlalchemy import URL

from postgres import DatabaseSettings


class UnknownRoleError(Exception):
    """The input names a role that the migrations do not make."""


def migrate(settings: DatabaseSettings, *, password: str, deadline_s: float) -> str:
    """Bring the schema to its newest revision, waiting that long for locks; returns that revision."""
    query = {"sslmode": settings.database_sslmode}
    if settings.database_sslrootcert:
        query["sslrootcert"] = settings.database_sslrootcert
    url = URL.create(
        "postgresql+psycopg",
        username=settings.database_user,
        password=password,
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name,
        query=query,
    )
    migrations.upgrade(url, deadline_s=deadline_s)
    return migrations.head()


def set_logins(
    connection: psycopg.Connection[Any], roles: Mapping[str, str | None], *, password_of: Callable[[str], str]
) -> None:
    """Give each role the password of its secret, or IAM authentication where there is no secret."""
    if unknown := sorted(set(roles) - set(LOGINS)):
        raise UnknownRoleError(f"{', '.join(unknown)}; the migrations make {', '.join(sorted(LOGINS))}")
    with connection.transaction():
        for role, secret_id in roles.items():
            if secret_id is None:
                connection.execute(sql.SQL("GRANT rds_iam TO {}").format(sql.Identifier(role)))
            else:
                _set_password(connection, role, password_of(secret_id))


def _set_password(connection: psycopg.Connection[Any], role: str, password: str) -> None:
    # Hashed here, so that the password itself is in no statement and in no server log.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))
