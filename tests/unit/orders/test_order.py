"""`make order` against a gateway that answers as told: what it says while it waits, and when a part is away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from localregion.__main__ import main

Answers = dict[str, list[tuple[int, dict[str, Any]]]]


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """By path; each is given once, the last one for ever."""
    given: Answers = {}

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            waiting = given.get(self.path, [(404, {})])
            status, document = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    known = {"gateway": address, "console": address, "keys": {"demo": "k"}, "webhooks": {"default": "c2VjcmV0"}}
    (tmp_path / "endpoints.json").write_text(json.dumps(known))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr("orders.gateway._QUIET_S", 0.0)
    yield given
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_order_that_takes_long_says_once_what_it_waits_for(
    answers: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    answers["/orders"] = [(201, {"orderId": "1", "invoice": None})]
    invoice = {"invoiceId": "i", "number": 1, "amount": 1, "currency": "BRL"}
    answers["/orders/1"] = [(200, {"invoice": None})] * 3 + [(200, {"status": "paid", "invoice": invoice})]
    answers["/webhooks/payments"] = [(200, {"status": "recorded"})]
    answers["/health"] = [(200, {"status": "degraded", "broker": "down"})]
    assert main(["order"]) == 0

    output = capsys.readouterr().out
    assert output.count("no invoice yet, waiting up to 90 s: the broker is down, the event waits in the outbox") == 1
    assert "invoiced after" in output


def test_an_order_without_a_database_is_one_line(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    answers["/orders"] = [(503, {"title": "Unavailable", "detail": "Orders cannot be reached."})]
    assert main(["order"]) == 1
    assert capsys.readouterr().err == (
        "error: POST /orders: 503 Orders cannot be reached: `make status` says what runs\n"
    )
