"""Details of the event that the recordings do not have."""

from __future__ import annotations

import json

import pytest

from localregion.kong.config.configuration import Route
from localregion.kong.lambda_.event import build_event
from localregion.kong.request.exchange import Exchange
from localregion.kong.request.host import host_name
from localregion.kong.request.query import parse_query
from localregion.kong.request.router import Match

ROUTE = Route(id="r", name="r", paths=("/",), strip_path=False, regex_priority=0, service=None)


async def _no_body() -> bytes:
    return b""


def _exchange(target: str = "/", *, http_version: tuple[int, int] = (1, 1), host: str | None = "a.test") -> Exchange:
    headers = [("host", host)] if host else []
    exchange = Exchange(
        method="GET", target=target, http_version=http_version, headers=headers, peer="127.0.0.1", read_body=_no_body
    )
    exchange.match = Match(ROUTE, exchange.path)
    return exchange


def test_a_flag_in_the_query_is_true_and_an_escape_is_its_byte() -> None:
    event = json.loads(build_event(_exchange("/?a&b=&c=%C3%A9+1&a=2&=x&&d=%zz"), b"", base64_encode_body=True, now=0))
    assert event["multiValueQueryStringParameters"] == {"a": [True, "2"], "b": [""], "c": ["é 1"], "d": ["%zz"]}
    assert event["queryStringParameters"] == {"a": True, "b": "", "c": "é 1", "d": "%zz"}


def test_raw_mode_has_no_body_key_without_a_body() -> None:
    assert "body" not in json.loads(build_event(_exchange(), b"", base64_encode_body=False, now=0))
    event = json.loads(build_event(_exchange(), "é".encode(), base64_encode_body=False, now=0))
    assert (event["body"], event["isBase64Encoded"]) == ("é", False)


def test_the_time_is_that_of_an_access_log() -> None:
    event = json.loads(build_event(_exchange(), b"", base64_encode_body=True, now=1795354938.184))
    assert event["requestContext"]["requestTime"] == "22/Nov/2026:13:42:18 +0000"
    assert event["requestContext"]["requestTimeEpoch"] == 1795354938184


def test_a_request_of_http_1_0_needs_no_host() -> None:
    event = json.loads(build_event(_exchange(http_version=(1, 0), host=None), b"", base64_encode_body=True, now=0))
    assert event["requestContext"]["protocol"] == "HTTP/1"
    assert event["requestContext"]["domainName"] == "kong"


@pytest.mark.parametrize(
    ("header", "name"), [("A.test:8000", "a.test"), ("[::1]:8000", "[::1]"), ("127.0.0.1", "127.0.0.1")]
)
def test_the_domain_is_the_host_without_its_port(header: str, name: str) -> None:
    assert host_name(header) == name


def test_at_most_a_hundred_arguments_are_read_repeated_ones_included() -> None:
    assert len(parse_query("&".join(["a=1"] * 150), 100)["a"]) == 100
