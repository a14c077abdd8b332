"""Every recorded function answer and Invoke failure gives the client what Kong gave it."""

from __future__ import annotations

import pytest

from tests.unit.gateway.recordings import (
    HANGING,
    Case,
    assert_same_body,
    cases,
    configuration,
    replayable,
    stable_headers,
)
from tests.unit.gateway.replay import replay

RESPONSES = [(name, case) for name, case in replayable("aws_lambda_responses") if name not in HANGING]


def test_the_replayed_responses_are_all_but_the_unsupported_modes() -> None:
    refused = {case["name"] for case in cases("aws_lambda_responses")} - {name for name, _ in RESPONSES} - HANGING
    print("refused:", *sorted(refused))  # noqa: T201
    assert len(RESPONSES) == 57
    assert all(name.endswith("_raw") or name.startswith(("raw_", "fnerror_", "proxy_co", "no_")) for name in refused)


@pytest.mark.parametrize("case", [case for _, case in RESPONSES], ids=[name for name, _ in RESPONSES])
def test_the_client_gets_what_kong_gave_it(case: Case) -> None:
    read = configuration(case)
    assert read is not None
    replayed = replay(case, read)
    response = case["client_response"]
    assert replayed.status_line == response["status_line"]
    with_date = any(name == "Via" for name, _ in response["headers"])
    assert stable_headers(_without_connection(replayed.headers), with_date=with_date) == stable_headers(
        response["headers"], with_date=with_date
    )
    assert_same_body(case, replayed.body)


def _without_connection(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name != "Connection"]
