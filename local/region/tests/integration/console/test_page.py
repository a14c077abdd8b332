"""The page's files, and what is not one."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from integration.console.console_process import RunningConsole

from localregion.system.configuration import python_environment


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/icon.svg", "image/svg+xml; charset=utf-8"),
        ("/api.js", "text/javascript; charset=utf-8"),
        ("/extension.js", "text/javascript; charset=utf-8"),
        ("/extension.css", "text/css; charset=utf-8"),
    ],
)
def test_the_page_has_types_and_loads_nothing_from_elsewhere(
    console: RunningConsole, path: str, content_type: str
) -> None:
    answer = console.client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/nothing.js",
        "/%2e%2e/__main__.py",
        "/../page.py",
        "/.hidden.js",
        "//etc/passwd",
        "/page/",
        "/%00.js",
    ],
)
def test_there_is_nothing_else(console: RunningConsole, path: str) -> None:
    target = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{console.port}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", console.port), timeout=10) as connection:
        connection.sendall(target.encode())
        assert connection.makefile("rb").readline().split()[1] in (b"404", b"400")


def test_the_api_says_what_it_does_not_have(console: RunningConsole) -> None:
    assert console.client.get("/api/nothing").json()["detail"].startswith("the API has nothing here")
    answer = console.client.delete("/api/functions")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET,HEAD")


def test_a_taken_port_is_said_with_the_variable_that_changes_it(console: RunningConsole) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localregion.console", "--state", str(console.folder.path), "--port", str(console.port)],
        env=python_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"Error: port {console.port} is taken; set CONSOLE_PORT to another one\n"
