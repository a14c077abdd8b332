"""The functions against real services: a database and a broker that the real `release` function has prepared."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import migrations.roles
import pika
import psycopg
import pytest

from contracts import topology
from deliveries.consumer import Consumer
from deliveries.parking import Parking
from invoice_consumer import invoices
from invoice_consumer.storing import COUNTS, store
from localregion.testing.services import RunningPostgres, RunningRabbitMQ
from proof.chaos.connections import Connections
from release.bootstrap import dependencies as release_dependencies
from release.handler import lambda_handler as release
from release.topology import PERMISSIONS

DATABASE = "orders"
PASSWORD = "not-a-secret-in-a-test"
WEBHOOK_SECRET = "notASecretOfAnyPaymentProviderOnlyOfTest"
_PUBLISHES_INVOICES = {"BROKER_SECRET_ID": "broker/invoices_publisher"}
# A function that is not called as the package that it runs.
PACKAGES = {"invoices_relay": "outbox_relay"}
OF_INVOICES = {
    "record_payment": _PUBLISHES_INVOICES,
    "invoices_relay": {**_PUBLISHES_INVOICES, "OUTBOX_SCHEMA": "invoices"},
}
# Emptied in this order: a key refers to its order.
TABLES = (
    "orders.outbox",
    "orders.idempotency_keys",
    "orders.orders",
    "orders.parked_messages",
    "orders.delivery_attempts",
    "invoices.outbox",
    "invoices.refunds",
    "invoices.payments",
    "invoices.unmatched_payments",
    "invoices.webhook_deliveries",
    "invoices.credit_notes",
    "invoices.canceled_orders",
    "invoices.invoices",
    "invoices.parked_messages",
    "invoices.delivery_attempts",
    "audit.open_findings",
    "audit.missing_numbers",
    "audit.progress",
    "customers.customers",
)


@dataclass
class Context:
    """What a handler gets beside its event; the time that remains runs from when it is made."""

    remaining_ms: int = 15_000
    aws_request_id: str = "c0ffee00-0000-4000-8000-000000000000"
    function_name: str = "test-function"
    began_at: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms - int(1000 * (time.monotonic() - self.began_at))


@dataclass(frozen=True)
class Released:
    """The released services and how to look into them."""

    postgres: RunningPostgres
    rabbitmq: RunningRabbitMQ
    environ: dict[str, str]
    connections: Connections
    aws: type[AwsHandler]

    def admin(self) -> psycopg.Connection[Any]:
        """A superuser's connection of the caller's own; close it."""
        return superuser(self.postgres)

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.connections.borrowed() as connection:
            return connection.execute(statement, parameters or None).fetchall()

    def count(self, table: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])

    def environment_of(self, role: str) -> dict[str, str]:
        """The variables of the function that logs in as this role."""
        login = {"DATABASE_USER": role, "DATABASE_SECRET_ID": f"database/{role}"}
        return {**self.environ, **login, **OF_INVOICES.get(role, {})}


class AwsHandler(BaseHTTPRequestHandler):
    """GetSecretValue and one bucket's objects, as far as the functions use them; `is_bucket_away` answers 503."""

    secrets: dict[str, dict[str, str]]
    objects: dict[str, bytes]
    is_bucket_away = False

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if not self.is_bucket_away:
            self.objects[self.path] = body
        self._answer_with_etag(body)

    def do_HEAD(self) -> None:
        self._answer_with_etag(self.objects.get(self.path))

    def _answer_with_etag(self, body: bytes | None) -> None:
        self.send_response(503 if self.is_bucket_away else 404 if body is None else 200)
        if body is not None:
            self.send_header("ETag", f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["content-length"])))["SecretId"]
        body = json.dumps({"SecretString": json.dumps(self.secrets[name])}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


def superuser(postgres: RunningPostgres) -> psycopg.Connection[Any]:
    return psycopg.connect(postgres.dsn, dbname=DATABASE, autocommit=True)


def secrets_of(postgres: RunningPostgres, rabbitmq: RunningRabbitMQ) -> dict[str, dict[str, str]]:
    roles = ["master", *migrations.roles.LOGINS]
    users = [*PERMISSIONS]
    return {
        **{f"database/{role}": {"username": role, "password": PASSWORD} for role in roles},
        **{f"broker/{user}": {"username": user, "password": PASSWORD} for user in users},
        **{f"payments/webhooks/{provider}": {"current": WEBHOOK_SECRET} for provider in ("default", "stripe")},
        **{f"gateway/{name}": {"key": f"the-key-of-{name}-in-the-stacks-secret"} for name in ("demo", "other")},
        "broker/admin": {"username": rabbitmq.username, "password": rabbitmq.password},
    }


@pytest.fixture(scope="session")
def released(postgres: RunningPostgres, rabbitmq: RunningRabbitMQ) -> Iterator[Released]:
    """The session's Postgres and RabbitMQ after a release."""
    with releasing(postgres, rabbitmq) as released:
        yield released


@contextlib.contextmanager
def releasing(postgres: RunningPostgres, rabbitmq: RunningRabbitMQ) -> Iterator[Released]:
    """Run the release function on these services, and stand for AWS's APIs beside them."""
    postgres.bootstrap(database=DATABASE, user="master", password=PASSWORD)
    handler = type("Handler", (AwsHandler,), {"secrets": secrets_of(postgres, rabbitmq), "objects": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    environ = {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "DATABASE_HOST": postgres.host,
        "DATABASE_PORT": str(postgres.port),
        "DATABASE_NAME": DATABASE,
        "DATABASE_USER": "master",
        "DATABASE_AUTH": "secret",
        "DATABASE_SECRET_ID": "database/master",
        "DATABASE_SSLMODE": "disable",
        "BROKER_ENDPOINT": rabbitmq.endpoint,
        "BROKER_SECRET_ID": "broker/orders_publisher",
        "BROKER_MANAGEMENT_URL": rabbitmq.management_url,
        "BROKER_ADMIN_SECRET_ID": "broker/admin",
        "PUBLISH_TIMEOUT_MS": "3000",  # half a second is not always enough for a broker on a busy machine
        "IDEMPOTENCY_TTL_HOURS": "24",
        "INVOICE_DUE_DAYS": "30",
        "OUTBOX_SCHEMA": "orders",
        "WEBHOOK_SECRET_ID_DEFAULT": "payments/webhooks/default",
        "WEBHOOK_SECRET_ID_STRIPE": "payments/webhooks/stripe",
        "CUSTOMERS_BUCKET": "bucket",
        "CUSTOMERS_KEY": "gateway/customers.json",
        "REQUESTS_PER_SECOND_MAX": "2000",
        "LOG_LEVEL": "INFO",
    }
    connections = Connections(lambda: superuser(postgres))
    invoke_release(environ)
    yield Released(postgres=postgres, rabbitmq=rabbitmq, environ=environ, connections=connections, aws=handler)
    connections.close()
    server.shutdown()
    thread.join()
    server.server_close()


def invoke_release(environ: dict[str, str]) -> dict[str, Any]:
    """The release function with the secrets of all logins."""
    event = {
        "database_roles": {role: f"database/{role}" for role in migrations.roles.LOGINS},
        "broker_users": {user: f"broker/{user}" for user in PERMISSIONS},
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        release_dependencies.cache_clear()
        return release(event, Context())


@pytest.fixture(scope="session")
def kept_channel(released: Released) -> Iterator[Any]:
    """One for all tests, since a connection costs 40 ms of a processor to make; no test ends the broker or it."""
    channel = admin_channel(released)
    yield channel
    channel.connection.close()


@pytest.fixture
def empty(released: Released, kept_channel: Any) -> Released:
    """The same, with nothing in any table or queue."""
    with released.connections.borrowed() as connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE invoices.invoice_counter SET last_number = 0")
        connection.execute("UPDATE invoices.credit_note_counter SET last_number = 0")
        connection.execute("UPDATE customers.publication SET published_changes = changes")
        connection.execute("INSERT INTO audit.progress DEFAULT VALUES")
    for queue in topology.QUEUES:
        kept_channel.queue_purge(queue.name)
        kept_channel.queue_purge(queue.dead_letter_queue)
    return released


def admin_channel(released: Released) -> Any:
    """A pika channel of the administrator, whose connection survives a frozen broker; close it."""
    return pika.BlockingConnection(pika.URLParameters(f"{released.rabbitmq.amqp_url}?heartbeat=0")).channel()


@dataclass(frozen=True)
class Invoke:
    """Call a function's handler with its environment, as a fresh execution environment that stays warm in the test."""

    released: Released
    monkeypatch: pytest.MonkeyPatch
    used: set[str] = field(default_factory=set)

    def __call__(self, function: str, event: dict[str, Any], **context: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._module(function, "handler").lambda_handler(event, Context(**context))
        return answer

    def dependencies(self, function: str) -> Any:
        """What an environment of this function has made at its init, before its first invocation or after."""
        return self._module(function, "bootstrap").dependencies()

    def _module(self, function: str, name: str) -> Any:
        for variable, value in self.released.environment_of(function).items():
            self.monkeypatch.setenv(variable, value)
        package = PACKAGES.get(function, function)
        if function not in self.used:
            importlib.import_module(f"{package}.bootstrap").dependencies.cache_clear()
            self.used.add(function)
        return importlib.import_module(f"{package}.{name}")


@pytest.fixture
def invoke(empty: Released, monkeypatch: pytest.MonkeyPatch) -> Iterator[Invoke]:
    calls = Invoke(empty, monkeypatch)
    yield calls
    for function in calls.used:
        close(calls.dependencies(function))


@pytest.fixture
def environment(empty: Any) -> Iterator[Callable[[], Consumer[Any]]]:
    """Make execution environments: each a Consumer with an id and a connection of its own."""
    connections: list[psycopg.Connection[Any]] = []

    def new() -> Consumer[Any]:
        connection = psycopg.connect(empty.postgres.dsn, dbname="orders", autocommit=True)
        connections.append(connection)
        return Consumer(
            connection=lambda: connection,
            environment=uuid.uuid4(),
            parking=Parking("invoices"),
            decode=invoices.decode,
            decode_all=invoices.decode_all,
            store=partial(store, due_days=30),
            counts=COUNTS,
        )

    yield new
    for connection in connections:
        connection.close()


def close(dependencies: Any) -> None:
    """End the connections that an execution environment would take with it."""
    for name in ("database", "publisher", "tracing"):
        part = getattr(dependencies, name, None)
        if part is not None:
            part.close()
