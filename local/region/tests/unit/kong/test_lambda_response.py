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


# Asked of nginx's Lua; a real Kong 3.9.3 answers 200 with a space and without a name.
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("X Y", "X%20Y"),
        ("X\r\nInjected", "X%0D%0AInjected"),
        ("X:", "X%3A"),
        ("\u00c4", "%C3%84"),
        ("X(y)", "X%28y%29"),
    ],
)
def test_what_is_no_character_of_a_name_is_escaped(name: str, written: str) -> None:
    response = _map({"statusCode": 200, "headers": {name: "1"}})
    assert (response.status, (written, "1") in response.headers) == (200, True)


def test_a_header_without_a_name_is_none() -> None:
    response = _map({"statusCode": 200, "headers": {"": "1"}, "multiValueHeaders": {"": ["2"]}})
    assert (response.status, [name for name, _ in response.headers]) == (200, ["Content-Type"])


def test_control_characters_of_a_value_are_escaped_but_for_the_tab() -> None:
    assert ("X", "a%01b%7Fc\td") in _map({"statusCode": 200, "headers": {"X": "a\x01b\x7fc\td"}}).headers


@pytest.mark.parametrize("number", [1e400, 10**400, 10**30])
def test_a_huge_number_is_a_headers_text_as_lua_prints_it(number: float) -> None:
    text = {10**30: "1e+30"}.get(number, "inf") if isinstance(number, int) else "inf"
    payload = f'{{"statusCode": 200, "headers": {{"X": {"1e400" if isinstance(number, float) else number}}}}}'
    answer = InvokeAnswer(200, [("Content-Type", "application/json")], payload.encode())
    assert ("X", text) in proxy_response(answer).headers


@pytest.mark.parametrize(("place", "character"), [("body", 27), ("headers", 36)])
def test_half_a_character_in_a_payload_is_a_bad_gateway(place: str, character: int) -> None:
    value = r'"\ud800"' if place == "body" else r'{"X": "\ud800"}'
    payload = f'{{"statusCode":200,"{place}":{value}}}'
    response = proxy_response(InvokeAnswer(200, [("Content-Type", "application/json")], payload.encode()))
    assert response.status == 502
    said = f"Expected value but found invalid unicode escape code at character {character}"
    assert json.loads(response.body) == {
        "error": f"could not JSON decode Lambda function response: {said}",
        "message": "Bad Gateway",
    }


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
