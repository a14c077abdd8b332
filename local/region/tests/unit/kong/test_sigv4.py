"""The signature of an Invoke call, against calls that a real Kong signed."""

from __future__ import annotations

import base64

import pytest
from unit.kong.recordings import Case, own

from localregion.kong.lambda_.sigv4 import Credentials, authorization

# Only these were recorded byte for byte.
RAW = [case for case in own("aws_lambda_requests")["cases"] if "body" in (case.get("upstream_request") or {})]


@pytest.mark.parametrize("case", RAW, ids=lambda case: case["name"])
def test_a_call_is_signed_as_kong_signed_it(case: Case) -> None:
    recorded = case["upstream_request"]
    headers = {name.lower(): value for name, value in recorded["headers"]}
    credentials = Credentials(
        access_key_id="AKIAEXAMPLEKEY000000", secret_access_key="example-secret-not-real", region="us-east-1"
    )
    signed = authorization(
        credentials,
        path=recorded["path"],
        query="",
        headers=headers,
        payload=base64.b64decode(recorded["body"]["base64"]),
        amz_date=headers["x-amz-date"],
    )
    assert signed == headers["authorization"]


def test_a_session_token_is_signed_as_well() -> None:
    names = ("content-length", "host", "x-amz-date", "x-amz-invocation-type", "x-amz-log-type", "x-amz-security-token")
    signed = authorization(
        Credentials(access_key_id="a", secret_access_key="b", region="us-east-1", session_token="t"),
        path="/",
        query="",
        headers=dict.fromkeys(names, "1"),
        payload=b"",
        amz_date="20261122T134220Z",
    )
    assert f"SignedHeaders={';'.join(names)}," in signed


def test_there_are_recorded_calls_to_compare_with() -> None:
    assert len(RAW) >= 3
