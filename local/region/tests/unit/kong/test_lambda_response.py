"""Details of the response mapping that the recordings do not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localregion.kong.lambda_.response import InvokeAnswer, InvokeError, proxy_response
from localregion.kong.request.errors import rendered
from localregion.kong.request.exchange import Response
from localregion.kong.request.response import response_bytes


def _map(payload: Any, *, invoke_headers: tuple[tuple[str, str], ...] = ()) -> Response:
    headers = [("Content-Type", "application/json"), ("Connection", "close"), *invoke_headers]
    return proxy_response(InvokeAnswer(200, headers, json.dumps(payload).encode()))


def test_a_payload_may_be_a_string_that_holds_the_response() -> None:
    response = _map(json.dumps({"statusCode": "201", "body": "é"}))
    assert (response.status, response.body) == (201, "é".encode())


def test_a_base64_body_is_decoded_with_or_without_padding() -> None:
    assert _map({"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}).body == b"hi"
    assert _map({"statusCode": 200, "body": "aGk", "isBase64Encoded": True}).body == b"hi"


def test_the_functions_header_wins_whatever_its_case() -> None:
    headers = _map({"statusCode": 200, "headers": {"content-type": "text/csv"}}).headers
    assert [value for name, value in headers if name.lower() == "content-type"] == ["text/csv"]


def test_a_header_cannot_break_out_of_its_line() -> None:
    assert ("X", "a%0D%0Ab: c") in _map({"statusCode": 200, "headers": {"X": "a\r\nb: c"}}).headers


@pytest.mark.parametrize("name", ["X\r\nInjected", "X Y", "X:", "", "Ä"])
def test_a_header_name_that_is_none_is_an_unexpected_error(name: str) -> None:
    with pytest.raises(InvokeError):
        _map({"statusCode": 200, "headers": {name: "1"}})


@pytest.mark.parametrize("payload", ["7", "null", "true"])
def test_a_string_that_holds_a_scalar_is_an_unexpected_error(payload: str) -> None:
    with pytest.raises(InvokeError):
        _map(payload)


@pytest.mark.parametrize("status", ["", "abc", "nan", "inf", False])
def test_a_status_that_is_no_number_is_a_bad_gateway(status: Any) -> None:
    assert _map({"statusCode": status}).status == 502


def test_a_head_request_gets_the_length_and_no_body() -> None:
    data = response_bytes(Response(200, [], b"abc"), request_id="1", latency_ms=0, keep_alive=True, with_body=False)
    assert b"Content-Length: 3\r\n" in data
    assert data.endswith(b"\r\n\r\n")


def test_an_error_page_is_escaped() -> None:
    assert b"&lt;b&gt;" in rendered(400, "<b>", "1", mime_type="text/html").body
