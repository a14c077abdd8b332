"""What a command says of a function or a gateway that did not do what it was asked."""

from __future__ import annotations

import pytest

from localregion.http_client import HttpError
from orders import failures

REFUSED = (
    'connection failed: connection to server at "127.0.0.1", port 25432 failed: Connection refused\n'
    "\tIs the server running on that host and accepting TCP/IP connections?"
)


def test_a_database_that_is_away_is_one_line_and_says_how_to_start_it() -> None:
    assert failures.of_function("OperationalError", REFUSED) == (
        'the database does not answer (connection failed: connection to server at "127.0.0.1", port 25432 failed: '
        "Connection refused): `make status` says what runs, `make start SERVICE=postgres` starts it"
    )


def test_a_refusal_names_what_was_typed_and_no_class() -> None:
    text = '"parkedId" is an id as `parked` or `outbox` lists it'
    assert failures.of_function("InvalidRequestError", text) == "ID=… is an id as `parked` or `outbox` lists it"
    assert failures.of_function("UnknownMessageError", "no parked message has the id 1") == (
        "no parked message has the id 1"
    )


def test_what_nothing_expected_keeps_its_name_on_one_harmless_line() -> None:
    assert failures.of_function("KeyError", "a\n\tb\x1b[2J") == "KeyError: a b\\x1b[2J"
    assert len(failures.of_function("KeyError", "x" * 10_000)) == 400


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            HttpError("POST u", "[Errno 111] Connection refused"),
            "the gateway does not answer (Connection refused): `make status` says what runs, "
            "`make start SERVICE=gateway` starts it",
        ),
        (
            HttpError("POST u", "503 {}", status=503, body=b'{"title": "t", "detail": "Orders cannot be reached."}'),
            "503 Orders cannot be reached: `make status` says what runs",
        ),
        (HttpError("POST u", "", status=502, body=b'{"message": "away"}'), "502 away: `make status` says what runs"),
        (HttpError("POST u", "", status=429, body=b'{"message": "too many"}'), "429 too many"),
        (
            HttpError("POST u", "", status=500, body=b"<html>\n</html>"),
            "500 <html> </html>: `make status` says what runs",
        ),
    ],
)
def test_what_the_gateway_answers_is_said_without_json_and_errno(error: HttpError, said: str) -> None:
    assert failures.of_gateway(error) == said
