"""Every recorded request whose configuration is supported gives Kong's event and Kong's response."""

from __future__ import annotations

import json

import pytest

from tests.unit.gateway.recordings import (
    Case,
    assert_same_body,
    cases,
    configuration,
    event_of,
    replayable,
    stable_event,
    stable_headers,
)
from tests.unit.gateway.replay import replay

REQUESTS = replayable("aws_lambda_requests")


def test_the_replayed_requests_are_all_but_the_unsupported_modes() -> None:
    refused = {case["name"] for case in cases("aws_lambda_requests")} - {name for name, _ in REQUESTS}
    assert len(REQUESTS) == 42
    assert refused == {
        # later plugins
        "gw_correlation_id_kept",
        "gw_cors_preflight_continue",
        "gw_cors_simple_post",
        "gw_request_transformer",
        # other modes of aws-lambda
        "gw_invocation_event",
        "gw_invocation_dryrun",
        *(name for name in refused if name.startswith(("fwd_", "plain_"))),
    }


@pytest.mark.parametrize("case", [case for _, case in REQUESTS], ids=[name for name, _ in REQUESTS])
def test_the_event_and_the_response_are_kongs(case: Case) -> None:
    read = configuration(case)
    assert read is not None
    replayed = replay(case, read)

    [(call, payload)] = replayed.calls
    recorded = case["upstream_request"]
    assert f"{call.path}{'?' if call.query else ''}{call.query}" == recorded["path"]
    raw = "body" in recorded
    event = json.loads(payload.decode("latin-1" if raw else "utf-8"))
    assert stable_event(event) == event_of(case)

    response = case["client_response"]
    assert replayed.status_line == response["status_line"]
    assert stable_headers(replayed.headers, with_date=True) == stable_headers(response["headers"], with_date=True)
    assert_same_body(case, replayed.body)


def test_a_request_with_a_spoofed_identity_is_the_consumer_that_its_key_says() -> None:
    case = next(case for name, case in REQUESTS if name == "gw_keyauth_ok_spoofed_consumer_header")
    read = configuration(case)
    assert read is not None
    [(_, payload)] = replay(case, read).calls
    values = json.loads(payload)["multiValueHeaders"]
    alice = next(consumer for consumer in read.consumers if consumer.username == "alice")
    assert values["x-consumer-id"] == [alice.id]
    assert values["x-consumer-username"] == ["alice"]
    assert values["x-consumer-custom-id"] == ["cust-1"]
    assert "x-anonymous-consumer" not in values
