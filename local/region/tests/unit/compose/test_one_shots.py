"""The one-shots that wait for the release and print where everything is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localregion.aws.settings import parse_arguments
from localregion.compose.__main__ import main

PENDING = {
    "ready": False,
    "invocations": [{"name": "release", "state": "retrying", "error": "the database is starting up"}],
    "mappings": [],
}


@contextmanager
def emulator(report: Callable[[], object]) -> Iterator[str]:
    """Something that answers as the emulator's status does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(report()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_release_waits_until_the_emulator_is_ready_and_says_what_it_waits_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reports = iter([PENDING, {**PENDING, "ready": True}])
    with emulator(lambda: next(reports)) as url:
        assert main(["release", "--emulator", url]) == 0

    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "waiting: emulator release retrying: the database is starting up",
        "released, mappings enabled",
    ]


def test_a_release_that_never_succeeds_fails_with_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    with emulator(lambda: PENDING) as url:
        assert main(["release", "--emulator", url, "--timeout-s", "0"]) == 1

    assert "not released within 0 s: emulator release retrying: the database is starting up" in capsys.readouterr().err


def test_urls_prints_exactly_one_curl_line_with_the_key_of_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"gateway/demo": {"key": "k1"}, "gateway/other": {"key": "k2"}}))
    ports = ["--gateway-port", "8001", "--aws-port", "4567", "--jaeger-port", "16687"]

    assert main(["urls", "--secrets", str(secrets), *ports]) == 0

    lines = capsys.readouterr().out.splitlines()
    (curl,) = [line for line in lines if line.startswith("curl ")]
    assert "http://127.0.0.1:8001/orders -H 'apikey: k1'" in curl
    assert "k2" not in "".join(lines)


def test_the_emulator_listens_on_the_loopback_unless_told_otherwise() -> None:
    files = [f"--{name}=x" for name in ("plan", "values", "secrets", "state", "root")]

    assert parse_arguments(files).host == "127.0.0.1"
