"""What `prepare` writes for the containers of Postgres and RabbitMQ, given to real ones."""

from __future__ import annotations

import psycopg
import pytest

from localregion.compose import credentials
from localregion.http_client import HttpError
from localregion.services.management_api import ManagementApi
from localregion.testing.services import RunningPostgres, RunningRabbitMQ

PASSWORD = "as-generated-1"


def test_postgres_makes_the_administrator_and_lets_it_in_by_its_password(postgres: RunningPostgres) -> None:
    script = credentials.administrator_sql(
        database="compose", user="compose_admin", password=PASSWORD, salt=b"0123456789abcdef"
    )
    with psycopg.connect(postgres.dsn, autocommit=True) as superuser:
        for statement in script.splitlines():
            superuser.execute(statement.encode())

    with psycopg.connect(postgres.dsn_for("compose_admin", PASSWORD, "compose")) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert row == (False, True, True)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn_for("compose_admin", "another", "compose"))


def test_rabbitmq_imports_the_administrator_and_lets_it_in_by_its_password(rabbitmq: RunningRabbitMQ) -> None:
    definitions = credentials.administrator_definitions(user="compose_admin", password=PASSWORD, salt=b"salt")

    management(rabbitmq, rabbitmq.username, rabbitmq.password).post("definitions", document=definitions)

    who = management(rabbitmq, "compose_admin", PASSWORD).get("whoami")
    assert who["name"] == "compose_admin"
    assert "administrator" in who["tags"]
    with pytest.raises(HttpError) as raised:
        management(rabbitmq, "compose_admin", "another").get("whoami")
    assert raised.value.status == 401


def management(rabbitmq: RunningRabbitMQ, username: str, password: str) -> ManagementApi:
    return ManagementApi(rabbitmq.management_url, username=username, password=password)
