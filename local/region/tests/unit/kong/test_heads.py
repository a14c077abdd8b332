"""Raw requests at the edges of HTTP over real sockets: the embedded gateway takes and refuses what nginx does.

The table is what an nginx answered (`tests/events/nginx/heads.json`). A difference is listed in docs/kong.md, with its
reason, or the test fails.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from unit.kong.recordings import PLAIN_LAMBDA
from unit.kong.replay import ScriptedInvokeClient

from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway
from localregion.kong.lambda_.response import InvokeAnswer
from localregion.kong.request.head import HeadReader
from localregion.kong.server import GatewayServer

TABLE = Path(__file__).parents[2] / "events" / "nginx" / "heads.json"
PAGE = Path(__file__).parents[5] / "docs" / "kong.md"
ROUTE = {"name": "all", "paths": ["/"], "strip_path": False, "plugins": [PLAIN_LAMBDA]}
ANSWER = InvokeAnswer(200, [("Content-Type", "application/json")], b'{"statusCode": 200, "body": "{}"}')
# A connection that is kept is watched for this long.
STAYS_S = 0.05
CASES: list[dict[str, Any]] = json.loads(TABLE.read_text())["cases"]


@dataclass
class Seen:
    statuses: list[int]
    is_closed: bool
    events: list[dict[str, Any]]


def whole(text: str | list[Any]) -> str:
    """Return a text of the table, in which long repetitions are counted."""
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in text)


async def ask(case: dict[str, Any]) -> Seen:
    client = ScriptedInvokeClient(ANSWER)
    gateway = Gateway(parse({"_format_version": "3.0", "routes": [ROUTE]}), client)  # type: ignore[arg-type]
    server = GatewayServer(gateway, idle_timeout_s=20)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
    writer.write(whole(case["request"]).encode("latin-1"))
    answered, is_closed = b"", False
    while not is_closed and (case["closed"] or len(_statuses(answered)) < len(case["statuses"])):
        received = await asyncio.wait_for(_received(reader), 10)
        answered, is_closed = answered + received, not received
    if not is_closed:
        with contextlib.suppress(TimeoutError):
            is_closed = not await asyncio.wait_for(_received(reader), STAYS_S)
    writer.close()
    listener.close()
    await server.shutdown(1)
    return Seen(_statuses(answered), is_closed, [json.loads(payload.decode("latin-1")) for _, payload in client.calls])


async def _received(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1 << 16)
    except ConnectionResetError:
        return b""


def _statuses(answered: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answered)]


def listed_differences() -> set[str]:
    """Return the first column of the page's table: names of cases."""
    _, _, section = PAGE.read_text().partition("\n### At the edges of HTTP\n")
    rows = re.findall(r"^\| `([^`]+)` \|", section.partition("\n#")[0], re.MULTILINE)
    assert rows, "the page has no table"
    return set(rows)


def difference(case: dict[str, Any], seen: Seen) -> str:
    if (seen.statuses, seen.is_closed) != (case["statuses"], case["closed"]):
        return f"{seen.statuses}, closed: {seen.is_closed}"
    pairs = zip(case.get("taken", []), seen.events, strict=True)
    return next((found for taken, event in pairs if (found := _event_difference(taken, event))), "")


def _event_difference(taken: dict[str, Any], event: dict[str, Any]) -> str:
    context = event["requestContext"]
    ours = {
        "method": event["httpMethod"],
        "host": context["domainName"],
        "protocol": context.get("protocol"),
        "headers": event["multiValueHeaders"],
        "query": event["multiValueQueryStringParameters"],
        "body": base64.b64decode(event["body"]).decode("latin-1"),
    }
    theirs = {"protocol": None, "headers": {}, "query": {}, "body": ""} | taken
    for name, value in theirs.items():
        actual = ours[name]
        if isinstance(value, dict) and value.keys() == {"count"}:
            actual = {"count": len(actual)}
        elif name == "headers":
            value = {header: [whole(one) for one in values] for header, values in value.items()}
        if actual != value:
            return f"{name}: {actual!r} instead of {value!r}"
    return ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_head_is_the_same_whole_and_byte_by_byte(case: dict[str, Any]) -> None:
    """Small heads that come at once are read in another way than those that come in parts."""
    data = whole(case["request"]).encode("latin-1")
    at_once, _ = HeadReader().read(data)
    reader, taken, head = HeadReader(), 0, None
    for end in range(1, len(data) + 1):
        head, taken = reader.read(data[:end], taken)
        if head is not None:
            break
    assert head == at_once


@pytest.fixture(scope="module")
def differing() -> dict[str, str]:
    async def all_of_them() -> list[Seen]:
        found: list[Seen] = []
        for start in range(0, len(CASES), 20):
            found += await asyncio.gather(*map(ask, CASES[start : start + 20]))
        return found

    outcomes = zip(CASES, asyncio.run(all_of_them()), strict=True)
    return {case["name"]: found for case, seen in outcomes if (found := difference(case, seen))}


def test_the_table_has_what_it_is_for() -> None:
    statuses = [status for case in CASES for status in case["statuses"]]
    assert len(CASES) == len({case["name"] for case in CASES}) > 220
    assert {200, 400, 405, 414, 501, 505} <= set(statuses)


def test_every_request_at_the_edge_is_answered_as_by_nginx_or_its_difference_is_named(
    differing: dict[str, str],
) -> None:
    listed = listed_differences()
    assert {name: found for name, found in differing.items() if name not in listed} == {}
    assert listed - differing.keys() == set(), "these differ no more"
