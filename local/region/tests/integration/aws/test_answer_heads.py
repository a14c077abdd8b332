"""The heads of the AWS port's answers, byte for byte: names in AWS's spelling, by which Kong merges them.

The spelling is that of `tests/events/kong/content_type_case.json`, else that of AWS's reference.
"""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from integration.aws.running_emulator import RunningEmulator, function, plan_of, write_function

RECORDED = Path(__file__).parents[2] / "events" / "kong" / "content_type_case.json"
FUNCTION = """
def echo(event, context):
    if event == "fail":
        raise ValueError("failed")
    return event
"""
ALWAYS = {"Date", "Content-Length"}
INVOKED = ALWAYS | {"Content-Type", "x-amzn-RequestId", "X-Amz-Executed-Version", "X-Amzn-Trace-Id"}
ACCEPTED = ALWAYS | {"x-amzn-RequestId", "X-Amzn-Trace-Id"}
DRY = {"Date", "x-amzn-RequestId", "X-Amz-Executed-Version"}
REFUSED = ALWAYS | {"Content-Type", "x-amzn-RequestId", "x-amzn-ErrorType"}


@pytest.fixture(scope="module")
def emulator(start_emulator, tmp_path_factory: pytest.TempPathFactory) -> RunningEmulator:
    folder = tmp_path_factory.mktemp("project")
    write_function(folder, "probe", FUNCTION)
    return start_emulator(folder, plan_of([function("echo", "probe.handler.echo")]))


def head(emulator: RunningEmulator, path: str, *headers: str, body: bytes = b"{}") -> tuple[bytes, list[bytes]]:
    """Return the status line and the header lines of the answer as they came."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    with socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2])), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = connection.recv(65536)
            assert received, answer
            answer += received
    status_line, *lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return status_line, lines


def names(lines: list[bytes]) -> list[str]:
    return sorted(line.partition(b": ")[0].decode() for line in lines)


INVOCATIONS = "/2015-03-31/functions/echo/invocations"


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "expected"),
    [
        (INVOCATIONS, (), b"{}", b"200 OK", INVOKED),
        (INVOCATIONS, ("X-Amz-Log-Type: Tail",), b"{}", b"200 OK", INVOKED | {"X-Amz-Log-Result"}),
        (INVOCATIONS, (), b'"fail"', b"200 OK", INVOKED | {"X-Amz-Function-Error"}),
        (INVOCATIONS, ("X-Amz-Invocation-Type: Event",), b"{}", b"202 Accepted", ACCEPTED),
        (INVOCATIONS, ("X-Amz-Invocation-Type: DryRun",), b"{}", b"204 No Content", DRY),
        (INVOCATIONS, (), b"{", b"400 Bad Request", REFUSED),
        ("/2015-03-31/functions/nobody/invocations", (), b"{}", b"404 Not Found", REFUSED),
    ],
)
def test_a_head_has_awss_names_in_awss_spelling(
    emulator: RunningEmulator, path: str, headers: tuple[str, ...], body: bytes, status: bytes, expected: set[str]
) -> None:
    status_line, lines = head(emulator, path, *headers, body=body)
    assert status_line == b"HTTP/1.1 " + status
    assert names(lines) == sorted(expected)


def test_every_name_that_was_recorded_is_spelled_as_recorded(emulator: RunningEmulator) -> None:
    recorded = {name for name, _ in json.loads(RECORDED.read_text())["invoke_response_headers_sent_by_the_endpoint"]}
    by_lower_case = {name.lower(): name for name in recorded}
    _, lines = head(emulator, INVOCATIONS, "X-Amz-Log-Type: Tail")
    ours = [name for name in names(lines) if name.lower() in by_lower_case]
    assert len(ours) == 6
    assert set(ours) <= recorded


def test_the_lines_are_whole_and_the_length_is_the_bodys(emulator: RunningEmulator) -> None:
    _, lines = head(emulator, INVOCATIONS, body=b'{"text": "12345"}')
    assert b"Content-Type: application/json" in lines
    assert b"Content-Length: 17" in lines
    [date] = [line for line in lines if line.startswith(b"Date: ")]
    assert re.fullmatch(rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)
