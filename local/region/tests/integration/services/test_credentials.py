"""What `prepare` writes for the containers of Postgres and RabbitMQ, given to real ones."""

from __future__ import annotations

import base64
import http.client
import json
from urllib.parse import urlsplit

import psycopg
import pytest

from localregion.compose import credentials
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

    imported = management(rabbitmq, "POST", "definitions", rabbitmq.username, rabbitmq.password, definitions)

    assert imported[0] in (201, 204)
    status, who = management(rabbitmq, "GET", "whoami", "compose_admin", PASSWORD)
    assert (status, who["name"]) == (200, "compose_admin")
    assert "administrator" in who["tags"]
    assert management(rabbitmq, "GET", "whoami", "compose_admin", "another")[0] == 401


def management(
    rabbitmq: RunningRabbitMQ, method: str, path: str, user: str, password: str, document: object = None
) -> tuple[int, dict[str, object]]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"authorization": f"Basic {token}", "content-type": "application/json"}
    connection = http.client.HTTPConnection(urlsplit(rabbitmq.management_url).netloc, timeout=20)
    try:
        connection.request(method, f"/api/{path}", json.dumps(document) if document else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()
