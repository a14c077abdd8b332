"""Every function through every failure that has to do with a secret: no value of one is in a log line, span or answer.

Not only our own log lines: everything that any library logs, at every level, and the whole traceback of what a function
raises, which is what Lambda would log.
"""

from __future__ import annotations

import importlib
import json
import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import migrations.roles
import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from tests.collector import running_collector
from tests.integration.functions.conftest import PASSWORD, WEBHOOK_SECRET, Context, Released, close
from tests.integration.functions.http_events import cancel, get, post_order
from tests.integration.functions.payments import payment
from tests.integration.functions.test_invoice_consumer import batch, message, order_body
from tests.integration.functions.test_order_updater import batch as invoices_batch
from tests.integration.functions.test_order_updater import changed

from contracts.settings import required_variables
from release.topology import PERMISSIONS

WRONG = "wr0ng-Passw0rd-of-a-login"
AWS_KEY = "wJalrXUtnFEMIexampleSecretKey"
AWS_TOKEN = "IQoJb3JpZ2luX2VjexampleSessionToken"
SECRETS = [PASSWORD, WRONG, AWS_KEY, AWS_TOKEN, WEBHOOK_SECRET]

USERS = [*PERMISSIONS]
UNKNOWN = "0198f8a0-0000-7000-8000-000000000001"
EVENTS: dict[str, dict[str, Any]] = {
    "create_order": post_order(),
    "cancel_order": cancel(UNKNOWN),
    "get_order": get(f"/orders/{UNKNOWN}"),
    "record_payment": payment(UNKNOWN),
    "invoice_consumer": batch(message(order_body()), message(b"{")),
    "order_updater": invoices_batch(changed(UNKNOWN, 1, "paid"), message(b"{")),
    "outbox_relay": {},
    "release": {
        "database_roles": {role: f"database/{role}" for role in migrations.roles.LOGINS},
        "broker_users": {user: f"broker/{user}" for user in USERS},
    },
}
READS = {
    "create_order": ["database/create_order", "broker/orders_publisher"],
    "cancel_order": ["database/cancel_order", "broker/orders_publisher"],
    "get_order": ["database/get_order"],
    "record_payment": ["database/record_payment", "broker/invoices_publisher", "payments/webhooks/default"],
    "invoice_consumer": ["database/invoice_consumer"],
    "order_updater": ["database/order_updater"],
    "outbox_relay": ["database/outbox_relay", "broker/orders_publisher"],
    "release": ["database/master", "database/create_order", "broker/admin", "broker/orders_publisher"],
}
# What stands in Secrets Manager instead of {"username": …, "password": …}.
MALFORMED = {
    "wrong": json.dumps({"username": "admin", "password": WRONG}),
    "not JSON": WRONG,
    "JSON cut short": f'{{"username": "admin", "password": "{WRONG}',
    "text": json.dumps(WRONG),
    "a list": json.dumps([WRONG]),
    "another field": json.dumps({"username": "admin", "pass": WRONG}),
    "password in a list": json.dumps({"username": "admin", "password": [WRONG]}),
    "password in an object": json.dumps({"username": "admin", "password": {"value": WRONG}}),
    "NUL": json.dumps({"username": "admin", "password": f"{WRONG}\x00"}),
    "lone surrogate": json.dumps({"username": "admin", "password": f"{WRONG}\ud800"}),
    "line end": json.dumps({"username": "admin", "password": f"{WRONG}\r\nx: y"}),
    "beyond Latin-1": json.dumps({"username": "admin", "password": f"{WRONG}\u2713"}),
}
# All of them where it is cheap; elsewhere those that end in different places.
KINDS = {"create_order": list(MALFORMED), "release": ["wrong", "password in a list"]}
TELLING = ["wrong", "not JSON", "password in a list", "lone surrogate"]


class RawSecrets(BaseHTTPRequestHandler):
    """GetSecretValue, with the text that a test puts there; 400 for what is not there, as AWS does."""

    texts: dict[str, str]

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["content-length"])))["SecretId"]
        found = self.texts.get(name)
        body = {"__type": "ResourceNotFoundException"} if found is None else {"SecretString": found}
        answer = json.dumps(body).encode()
        self.send_response(400 if found is None else 200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def secrets_manager(texts: dict[str, str]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (RawSecrets,), {"texts": texts}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def good_secrets(released: Released) -> dict[str, str]:
    admin = {"username": released.rabbitmq.username, "password": released.rabbitmq.password}
    names = [f"database/{role}" for role in ("master", *migrations.roles.LOGINS)] + [f"broker/{user}" for user in USERS]
    texts = {name: json.dumps({"username": name.rpartition("/")[2], "password": PASSWORD}) for name in names}
    webhooks = {f"payments/webhooks/{name}": json.dumps({"current": WEBHOOK_SECRET}) for name in ("default", "stripe")}
    return {**texts, **webhooks, "broker/admin": json.dumps(admin)}


@pytest.fixture
def attempt(empty: Released, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """Invoke a function in a fresh environment; return all that it said: answer, log, traceback, spans."""
    caplog.set_level(logging.DEBUG)
    formatter = LambdaPowertoolsFormatter()
    texts = good_secrets(empty)

    def call(
        function: str, *, without: str | None = None, secrets: dict[str, str] | None = None, **environ: str
    ) -> str:
        texts.clear()
        texts.update({**good_secrets(empty), **(secrets or {})})
        role = "master" if function == "release" else function
        given = {
            **empty.environment_of(role),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_SECRET_ACCESS_KEY": AWS_KEY,
            "AWS_SESSION_TOKEN": AWS_TOKEN,
            "LOG_LEVEL": "DEBUG",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "5000",
            **environ,
        }
        caplog.clear()
        collector.bodies.clear()
        with monkeypatch.context() as patch:
            for name, value in given.items():
                patch.setenv(name, value)
            if without:
                patch.delenv(without)
            said = invoke_once(function)
        spans = [body.decode() for body in collector.bodies]
        return "\n".join([said, *map(formatter.format, caplog.records), *spans])

    with secrets_manager(texts) as endpoint, running_collector() as collector:
        yield call


def invoke_once(function: str) -> str:
    """The answer of one invocation, or its traceback with every cause."""
    handler = importlib.import_module(f"{function}.handler")
    dependencies = importlib.import_module(f"{function}.bootstrap").dependencies
    dependencies.cache_clear()
    try:
        return json.dumps(handler.lambda_handler(EVENTS[function], Context(remaining_ms=10_000)))
    except Exception:
        return traceback.format_exc()
    finally:
        if dependencies.cache_info().currsize:
            close(dependencies())
            dependencies.cache_clear()


def found_in(said: str) -> list[str]:
    """The secrets in a text, also as JSON or Python would write them, and the halves of a long one."""
    return [secret for secret in SECRETS if secret in said or secret[:12] in said or repr(secret.encode()) in said]


@pytest.mark.parametrize("function", EVENTS)
def test_a_bad_secret_is_not_repeated(empty: Released, attempt: Any, function: str) -> None:
    leaks = {}
    for name in READS[function]:
        for kind in KINDS.get(function, TELLING):
            said = attempt(function, secrets={name: MALFORMED[kind]})
            if found := found_in(said):
                leaks[name, kind] = (found, said[-2000:])
    assert leaks == {}
    if function == "release":  # it has set some of the bad passwords
        assert "revision" in attempt("release")


@pytest.mark.parametrize("function", EVENTS)
def test_what_is_down_or_missing_gives_no_secret_away(empty: Released, attempt: Any, function: str) -> None:
    outages: list[dict[str, Any]] = [
        {},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        {"DATABASE_PORT": "1"},
        {"DATABASE_NAME": "unknown"},
        {"DATABASE_SSLMODE": "verify-full"},
        {"DATABASE_AUTH": "unknown"},
        {"DATABASE_SECRET_ID": "unknown"},
        {"BROKER_ENDPOINT": "amqp://127.0.0.1:1"},
        {"BROKER_SECRET_ID": "unknown"},
        {"BROKER_MANAGEMENT_URL": "http://127.0.0.1:1"},
    ]
    settings = importlib.import_module(f"{function}.settings").Settings
    missing = [*required_variables(settings), "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    leaks = {}
    for case in [*outages, *({"without": name} for name in sorted(missing))]:
        if found := found_in(attempt(function, **case)):
            leaks[str(case)] = found
    assert leaks == {}


def test_the_search_would_find_a_secret(empty: Released, attempt: Any) -> None:
    logging.getLogger("create_order").warning("connecting with %s", WRONG)
    assert found_in(LambdaPowertoolsFormatter().format(logging.makeLogRecord({"msg": f"password={WRONG}"})))
    assert '"statusCode": 201' in attempt("create_order")
    assert '"traceId"' in attempt("create_order")
    assert '"statusCode": 503' in attempt("create_order", secrets={"database/create_order": MALFORMED["wrong"]})
    assert "ACCESS_REFUSED" in attempt("create_order", secrets={"broker/orders_publisher": MALFORMED["wrong"]})
