"""The plan as a file and as what this machine boots."""

import dataclasses
import json

import pytest

from localregion.plan import model
from localregion.plan.model import Broker, Database, Function, Gateway, Plan, UnknownReferenceError

VALUES = {"database.host": "127.0.0.1"}
SECRETS = {"gateway/demo": {"key": "k"}}


def plan(**environment: str) -> Plan:
    function = Function(
        name="f",
        arn="arn:f",
        handler="f.handler.lambda_handler",
        runtime="python3.13",
        architecture="arm64",
        memory_mb=512,
        timeout_s=10,
        environment=environment,
        code="dist/functions/f.zip",
        layers=[],
    )
    return Plan(
        stack="local",
        region="us-east-1",
        account="000000000000",
        functions=[function],
        event_source_mappings=[],
        schedules=[],
        invocations=[],
        secrets={"gateway/demo": {"key": {"$secret": "gateway/demo"}}},
        database=Database(engine_version="17", name="orders", admin_secret="database/admin"),
        broker=Broker(engine_version="4.2", admin_secret="broker/admin"),
        gateway=Gateway(version="3.9", declarative_config={"consumers": [{"key": {"$secret": "gateway/demo"}}]}),
    )


def test_references_and_secrets_are_filled_in() -> None:
    resolved = model.resolve(plan(URL="http://${database.host}:1/"), VALUES, SECRETS)

    assert resolved.function("f").environment == {"URL": "http://127.0.0.1:1/"}
    assert resolved.secrets == SECRETS
    assert resolved.gateway.declarative_config == {"consumers": [{"key": "k"}]}


def test_a_reference_without_a_value_is_an_error_that_names_both() -> None:
    with pytest.raises(UnknownReferenceError, match=r"\$\{nobody.knows\}; known are database.host"):
        model.resolve(plan(URL="${nobody.knows}"), VALUES, SECRETS)


def test_a_plan_of_another_version_is_refused() -> None:
    text = json.dumps({**json.loads(plan().to_json()), "version": 0})

    with pytest.raises(ValueError, match="run `make plan`"):
        model.from_json(text)


def test_an_unknown_function_is_reported_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no function 'g' in the plan; it has f"):
        plan().function("g")


def test_a_written_plan_reads_as_it_was() -> None:
    before = dataclasses.replace(plan(A="1"), stack="dev")

    assert model.from_json(before.to_json()) == before
