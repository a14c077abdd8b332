"""One console for the module's tests, before a migrated database of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import migrations
import psycopg
import pytest
from sqlalchemy import URL
from tests.integration.console.console_process import RunningConsole, neighbours_server, running_console
from tests.plain_http import NO_TLS

from localregion.system.endpoints import write
from localregion.system.folder import Folder
from localregion.testing.services import RunningPostgres

DATABASE, PASSWORD = "console", "not-a-secret-in-a-test"
KEYS = {"demo": "key-of-demo", "other": "key-of-other"}


@pytest.fixture(scope="session")
def dsn(postgres: RunningPostgres) -> Iterator[str]:
    """A database with the newest schema; the address is its master user's."""
    postgres.bootstrap(database=DATABASE, user="master", password=PASSWORD)
    migrations.upgrade(URL.create("postgresql+psycopg", "master", PASSWORD, postgres.host, postgres.port, DATABASE))
    yield f"postgresql://master:{PASSWORD}@{postgres.host}:{postgres.port}/{DATABASE}"
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="session")
def running(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    folder = Folder(tmp_path_factory.mktemp("state"))
    folder.make()
    with neighbours_server() as (neighbours, url), running_console(folder.path) as (process, port):
        known: dict[str, Any] = {"gateway": url, "aws": url, "management": url, "postgres": dsn, "keys": KEYS}
        write(folder, {**known, "management_user": "mq", "management_password": "secret"})
        folder.plan.write_text(json.dumps(PLAN))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=NO_TLS) as client:
            yield RunningConsole(folder, neighbours, client, port, process)


@pytest.fixture
def console(running: RunningConsole, dsn: str) -> RunningConsole:
    """The same, before empty tables and neighbours that answer as usual."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "TRUNCATE orders.orders, orders.outbox, orders.idempotency_keys,"
            " invoices.invoices, invoices.parked_messages"
        )
    running.neighbours.answers = dict(USUAL)
    running.neighbours.asked.clear()
    return running


FUNCTION = {
    "name": "create_order",
    "arn": "arn:aws:lambda:us-east-1:000000000000:function:create_order",
    "handler": "create_order.handler.lambda_handler",
    "runtime": "python3.13",
    "architecture": "arm64",
    "memory_mb": 512,
    "timeout_s": 10,
    "environment": {},
    "code": "dist/functions/create_order.zip",
    "layers": [],
}
MAPPING = {
    "name": "order-created",
    "function": "invoice_consumer",
    "qualifier": "live",
    "queue": "invoices.order-created",
    "virtual_host": "/",
    "secret": "broker/invoices_mapping",
    "batch_size": 100,
    "batching_window_s": None,
}
PLAN = {
    "version": 1,
    "stack": "local",
    "region": "us-east-1",
    "account": "000000000000",
    "functions": [FUNCTION],
    "event_source_mappings": [MAPPING],
    "schedules": [],
    "invocations": [],
    "secrets": {},
    "database": {"engine_version": "18", "name": "orders", "admin_secret": "database/master"},
    "broker": {"engine_version": "4.2", "admin_secret": "broker/admin"},
    "gateway": {"version": "3.9", "declarative_config": {}},
}
ENVIRONMENTS = [{"state": state} for state in ("idle", "idle", "busy", "finishing", "starting")]
STATUS = {
    "ready": True,
    "functions": [
        {"name": "create_order", "environments": ENVIRONMENTS, "invocations": 7, "coldStarts": 2, "errors": 1}
    ],
    "mappings": [{"name": "order-created", "function": "invoice_consumer", "queue": "invoices.order-created"}],
}
STATUS["mappings"][0] |= {"State": "Enabled", "StateTransitionReason": "USER_INITIATED", "in_flight": 3}  # type: ignore[index]
INVOCATION = {"requestId": "r-1", "start": 1.0, "duration": 12.5, "memoryMb": 80, "initMs": None, "error": None}
QUEUE = {"name": "invoices.order-created", "messages_ready": 4, "messages_unacknowledged": 3, "consumers": 1}
USUAL: dict[tuple[str, str], tuple[int, Any]] = {
    ("GET", "/_emulator/status"): (200, STATUS),
    ("GET", "/_emulator/invocations"): (200, {"create_order": [INVOCATION]}),
    ("GET", "/api/queues/%2F"): (200, [QUEUE]),
}
