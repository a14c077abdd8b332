"""The running system beside its own description: schemathesis makes up requests, the description judges the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from tests.e2e.conftest import LiveSystem
from tests.plain_http import NO_TLS

from contracts import openapi

# `negative`: requests that break the description somewhere, where there is something to break.
REQUESTS = [
    ("createOrder", "positive"),
    ("createOrder", "negative"),
    ("getOrder", "positive"),
    ("getOrder", "negative"),
    ("listOrders", "positive"),
    ("listOrders", "negative"),
    ("cancelOrder", "positive"),
    ("cancelOrder", "negative"),
    ("getInvoice", "positive"),
    ("recordPayment", "positive"),
    ("recordPaymentOfProvider", "positive"),
    ("getHealth", "positive"),
    ("getDescription", "positive"),
]
BOUNDED = settings(
    deadline=None,
    database=None,
    max_examples=20,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def description(live: LiveSystem) -> Any:
    """The description as it is served, loaded by schemathesis."""
    import schemathesis  # imports for seconds: not while pytest collects

    return schemathesis.openapi.from_url(f"{live.endpoints['gateway']}/openapi.json")


@pytest.fixture(scope="module")
def headers(live: LiveSystem) -> dict[str, str]:
    return {"apikey": live.endpoints["keys"]["demo"]}


def test_the_description_is_served_without_a_key(live: LiveSystem) -> None:
    answer = httpx.get(f"{live.endpoints['gateway']}/openapi.json", verify=NO_TLS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.text == openapi.document()


def test_the_description_is_valid_openapi(description: Any) -> None:
    description.validate()
    found = {each.ok().definition.raw["operationId"] for each in description.get_all_operations()}
    # The address that it was loaded from is left out by schemathesis.
    assert found == {operation for operation, _ in REQUESTS} - {"getDescription"}


@pytest.mark.parametrize(("operation", "mode"), REQUESTS)
def test_every_answer_is_one_that_is_described(
    description: Any, headers: dict[str, str], operation: str, mode: str
) -> None:
    import schemathesis
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    found = description.find_operation_by_id(operation)
    generation_mode = schemathesis.GenerationMode(mode)

    @BOUNDED
    @given(case=found.as_strategy(generation_mode=generation_mode))
    def check(case: Any) -> None:
        # To JSON Schema 1.0 is an integer, to us it is not.
        assume(mode == "negative" or not has_float(case.body))
        answer = case.call(headers=headers)
        # No schema knows which keys are used.
        is_key_reused = "problem:idempotency-key-reused" in answer.text
        case.validate_response(answer, excluded_checks=[positive_data_acceptance] if is_key_reused else [])

    check()


def test_without_a_key_the_answer_is_described_too(description: Any) -> None:
    for operation in ("createOrder", "getOrder"):
        case = description.find_operation_by_id(operation).Case(
            path_parameters={"orderId": "0198f8a0-0000-7000-8000-000000000001"} if operation == "getOrder" else {},
            body={"amount": 1},
            media_type="application/json",
        )
        answer = case.call()
        assert answer.status_code == 401
        case.validate_response(answer)


def has_float(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("amount"), float)


def secret_values(node: Any) -> Iterator[str]:
    """The values in .local/secrets.json, without the names of users."""
    if isinstance(node, dict):
        for name, each in node.items():
            if name != "username":
                yield from secret_values(each)
    elif isinstance(node, str):
        yield node


def test_no_secret_is_in_a_log_or_in_the_plan_of_the_running_system(live: LiveSystem) -> None:
    folder = Path(live.environ["LOCAL_DIR"])
    values = {*secret_values(json.loads((folder / "secrets.json").read_text())), *live.endpoints["keys"].values()}
    logs = [path for path in folder.rglob("*.log") if path.is_file()]
    plans = list(folder.rglob("plan.json"))

    assert len(values) > 5
    assert all(len(value) > 12 for value in values)
    assert len(logs) > 3
    assert plans
    leaks = [
        path.name for path in [*logs, *plans] if any(value in path.read_text(errors="replace") for value in values)
    ]
    assert leaks == []
