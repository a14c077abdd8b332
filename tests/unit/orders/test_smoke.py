"""`python -m orders.smoke` against a server that behaves, and against ones that do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from orders.smoke.__main__ import main

KEY = "the-key"
ORDER = {"orderId": "o-1", "amount": 100, "currency": "BRL", "invoice": None}
INVOICE = {"number": 7, "amount": 100, "currency": "BRL", "status": "issued"}
CANCELED = {**INVOICE, "status": "canceled", "creditNote": {"number": 1}}
Reply = tuple[int, dict[str, str], Any]
# What a server does wrong: given method, path and its right reply, it returns another one.
Fault = Callable[[str, str, Reply], Reply]


class Deployment:
    """As much of the API as smoke uses."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._first: dict[str, str] = {}
        self._cancellations = 0
        self.requests: list[tuple[str, str, Mapping[str, str]]] = []

    def reply(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.requests.append((method, path, headers))
        return self._fault(method, path, self._right(path.removeprefix("/api"), headers, body))

    def _right(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if path == "/health":
            return 200, {}, {"status": "ok"}
        if headers.get("apikey") != KEY:
            return 401, {}, {"message": "No API key found in request"}
        if path == "/orders/o-1":
            return 200, {}, {**ORDER, "invoice": CANCELED if self._cancellations else INVOICE}
        if path == "/orders/o-1/cancel":
            self._cancellations += 1
            replayed = {"Idempotent-Replayed": "true"} if self._cancellations > 1 else {}
            return 200, replayed, {**ORDER, "status": "canceled", "invoice": INVOICE}
        order = json.loads(body)
        if order["amount"] < 1:
            return 422, {}, {"status": 422, "errors": [{"pointer": "/amount", "detail": "too small"}]}
        known = self._first.setdefault(headers["idempotency-key"], body.decode())
        if known != body.decode():
            return 422, {}, {"status": 422}
        replayed = {"Idempotent-Replayed": "true"} if len(self.requests) > 6 else {}
        return 201, {"Location": "/orders/o-1", **replayed}, ORDER


def _no_fault(_method: str, _path: str, reply: Reply) -> Reply:
    return reply


@contextmanager
def deployment(fault: Fault = _no_fault) -> Iterator[tuple[str, Deployment]]:
    answers = Deployment(fault)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            lowered = {name.lower(): value for name, value in self.headers.items()}
            status, headers, document = answers.reply(self.command, self.path, lowered, body)
            text = document.encode() if isinstance(document, str) else json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _answer  # noqa: N815 the server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", answers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def on_path(path: str, reply: Reply) -> Fault:
    return lambda _method, asked, right: reply if asked == path else right


def test_a_good_deployment_passes_and_each_step_shows_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    with deployment() as (url, _):
        assert main([url], {"KEY": KEY}) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert all(" ms " in line for line in lines[:-1])
    assert lines[-1] == "all good"


def test_a_path_in_the_url_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    with deployment() as (url, seen):
        assert main([f"{url}/api/", "--key", KEY], {}) == 0

    assert {path for _, path, _ in seen.requests if not path.startswith("/api/")} == set()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (on_path("/health", (503, {}, {"status": "down"})), "GET /health answered 503 instead of 200"),
        (on_path("/health", (200, {}, "<html>")), "GET /health answered no JSON object: '<html>'"),
        (on_path("/orders", (201, {"Location": "/orders/o-1"}, ORDER)), "POST /orders answered 201 instead of 401"),
        (on_path("/orders/o-1", (200, {}, ORDER)), "no invoice for /orders/o-1 within 0.1 s"),
        (
            on_path("/orders/o-1", (200, {}, {**ORDER, "invoice": {**INVOICE, "amount": 1}})),
            "ordered (100, 'BRL'), the invoice is",
        ),
        (
            lambda _method, _path, right: (right[0], {**right[1], "Idempotent-Replayed": "no"}, right[2]),
            "no Idempotent-Replayed: true",
        ),
        (on_path("/orders/o-1/cancel", (409, {}, {"status": 409})), "POST /orders/o-1/cancel answered 409 instead of"),
        (on_path("/orders/o-1/cancel", (200, {}, {**ORDER, "status": "paid"})), "the order is not canceled"),
        (
            on_path("/orders/o-1/cancel", (200, {}, {**ORDER, "status": "canceled"})),
            "POST /orders/o-1/cancel again: no Idempotent-Replayed: true",
        ),
        (on_path("/orders/o-1", (200, {}, {**ORDER, "invoice": INVOICE})), "no canceled invoice for /orders/o-1"),
        (
            on_path("/orders/o-1", (200, {}, {**ORDER, "invoice": {**CANCELED, "creditNote": None}})),
            "the canceled invoice has no credit note",
        ),
        (on_path("/health", (302, {"Location": "http://127.0.0.1:9/"}, "")), "GET /health answered 302 instead of 200"),
    ],
)
def test_whatever_is_wrong_is_said_and_fails(fault: Fault, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with deployment(fault) as (url, _):
        assert main([url, "--timeout", "0.1"], {"KEY": KEY}) == 1

    printed = capsys.readouterr()
    assert said in printed.err
    assert "FAILED" in printed.out
    assert "all good" not in printed.out


def test_the_key_is_never_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with deployment(on_path("/orders/o-1", (500, {}, "broken"))) as (url, _):
        assert main([url], {"KEY": KEY}) == 1

    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err


def test_nobody_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with deployment() as (url, _):
        gone = url
    assert main([gone], {"KEY": KEY}) == 1

    assert f"GET {gone}/health: [Errno 111] Connection refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "environ"), [([], {"KEY": KEY}), (["http://127.0.0.1:1"], {}), (["127.0.0.1:1"], {"KEY": KEY})]
)
def test_what_is_missing_is_asked_for(
    arguments: list[str], environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, environ) == 1

    assert "https://" in capsys.readouterr().err
