from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from unit.aws.mapping_plan import MAPPING, sample_plan

from localregion.aws.event_source_mappings.settings import (
    check_mapping,
    create_mapping,
    parse_request,
    update_mapping,
)
from localregion.aws.event_source_mappings.sources import PlanSources, broker_arn
from localregion.aws.http.errors import LambdaApiError
from localregion.aws.secrets_manager import secret_arn

PLAN = sample_plan()
SOURCES = PlanSources(PLAN)
FUNCTION = "function:invoice_consumer"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:broker/invoices_mapping"
REQUEST: dict[str, Any] = {
    "EventSourceArn": broker_arn(PLAN),
    "FunctionName": "invoice_consumer:live",
    "Queues": ["invoices.order-created"],
    "SourceAccessConfigurations": [
        {
            "Type": "BASIC_AUTH",
            "URI": secret_arn(PLAN, "broker/invoices_mapping"),
        },
        {"Type": "VIRTUAL_HOST", "URI": "/"},
    ],
}


def refusal_of(request: dict[str, Any]) -> tuple[int, str, str]:
    with pytest.raises(LambdaApiError) as refused:
        create_mapping(request, name="new", plan=PLAN, sources=SOURCES)
    body = json.loads(refused.value.body)
    return refused.value.status, refused.value.error_type, body.get("Message") or body["message"]


def test_a_request_becomes_a_mapping_with_the_defaults_of_lambda() -> None:
    created = create_mapping(REQUEST, name=MAPPING.name, plan=PLAN, sources=SOURCES)
    assert created == replace(MAPPING, batch_size=100)


def test_a_function_may_be_named_by_its_arn_and_a_secret_by_its_name() -> None:
    request = REQUEST | {
        "FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:invoice_consumer",
        "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "broker/invoices_mapping"}],
        "MaximumBatchingWindowInSeconds": 300,
        "BatchSize": 10_000,
        "Enabled": False,
    }
    created = create_mapping(request, name="new", plan=PLAN, sources=SOURCES)
    assert (created.function, created.qualifier, created.secret) == (
        "invoice_consumer",
        None,
        "broker/invoices_mapping",
    )
    assert (created.batch_size, created.batching_window_s, created.enabled) == (10_000, 300, False)


@pytest.mark.parametrize(
    ("member", "value", "constraint"),
    [
        (
            "BatchSize",
            0,
            "Value '0' at 'batchSize' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            "BatchSize",
            10_001,
            "Value '10001' at 'batchSize' failed to satisfy constraint: "
            "Member must have value less than or equal to 10000",
        ),
        (
            "MaximumBatchingWindowInSeconds",
            301,
            "Value '301' at 'maximumBatchingWindowInSeconds' failed to satisfy constraint: "
            "Member must have value less than or equal to 300",
        ),
        (
            "Queues",
            ["one", "two"],
            "Value '[one, two]' at 'queues' failed to satisfy constraint: "
            "Member must have length less than or equal to 1",
        ),
    ],
)
def test_a_broken_limit_is_a_validation_exception(member: str, value: object, constraint: str) -> None:
    message = f"1 validation error detected: {constraint}"
    assert refusal_of(REQUEST | {member: value}) == (400, "ValidationException", message)


@pytest.mark.parametrize(
    "member", ["DestinationConfig", "FunctionResponseTypes", "MaximumRetryAttempts", "StartingPosition"]
)
def test_what_only_other_event_sources_have_is_refused(member: str) -> None:
    message = f"Unsupported {member} parameter for given event source mapping type."
    assert refusal_of(REQUEST | {member: ["x"]}) == (400, "InvalidParameterValueException", message)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SourceAccessConfigurations": []}, "BASIC_AUTH"),
        ({"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "gateway/demo"}]}, "BASIC_AUTH"),
        ({"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET + "-a1B2c3"}]}, "BASIC_AUTH"),
        ({"SourceAccessConfigurations": [{"Type": "SASL_SCRAM_512_AUTH", "URI": "x"}]}, "SASL_SCRAM_512_AUTH"),
        ({"Queues": []}, "Queues is required"),
        ({"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:queue"}, "Unrecognized event source"),
        ({"EventSourceArn": broker_arn(PLAN).replace("us-east-1", "eu-west-1")}, "Unrecognized event source"),
        ({"EventSourceArn": broker_arn(PLAN).replace("000000000000", "111111111111")}, "Unrecognized event source"),
        ({"FunctionName": "slow"}, "Function timeout: 841 seconds is greater than the 840 seconds (14 minutes)"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], said: str) -> None:
    status, error_type, message = refusal_of(REQUEST | change)
    assert (status, error_type) == (400, "InvalidParameterValueException")
    assert said in message


def test_filters_are_refused_with_the_reason() -> None:
    status, error_type, message = refusal_of(REQUEST | {"FilterCriteria": {"Filters": []}})
    assert (status, error_type) == (501, "NotImplementedException")
    assert "so they are lost" in message


def test_an_unknown_function_is_not_found() -> None:
    status, error_type, message = refusal_of(REQUEST | {"FunctionName": "nobody"})
    assert (status, error_type) == (404, "ResourceNotFoundException")
    assert message == "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"


@pytest.mark.parametrize("qualifier", ["dead", "2"])
def test_an_unknown_alias_or_version_is_not_found(qualifier: str) -> None:
    assert refusal_of(REQUEST | {"FunctionName": f"invoice_consumer:{qualifier}"}) == (
        *(404, "ResourceNotFoundException"),
        f"Function not found: arn:aws:lambda:us-east-1:000000000000:function:invoice_consumer:{qualifier}",
    )


def test_a_function_of_another_place_is_refused() -> None:
    elsewhere = refusal_of(REQUEST | {"FunctionName": f"arn:aws:lambda:eu-west-1:000000000000:{FUNCTION}"})
    assert elsewhere == (
        *(404, "ResourceNotFoundException"),
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    )
    for name in (f"arn:aws:lambda:us-east-1:111111111111:{FUNCTION}", f"111111111111:{FUNCTION}"):
        assert refusal_of(REQUEST | {"FunctionName": name})[:2] == (403, "AccessDeniedException")


@pytest.mark.parametrize("queue", ["tenant=1", "a*b", "ação", "50%", "é" * 127, "two\nlines", "q" * 1000])
def test_a_queue_may_have_any_name_that_aws_takes(queue: str) -> None:
    assert create_mapping(REQUEST | {"Queues": [queue]}, name="new", plan=PLAN, sources=SOURCES).queue == queue


@pytest.mark.parametrize("queue", ["", "q" * 1001])
def test_a_name_of_no_length_or_too_much_of_it_is_none(queue: str) -> None:
    status, error_type, message = refusal_of(REQUEST | {"Queues": [queue]})
    assert (status, error_type) == (400, "ValidationException")
    assert "length less than or equal to 1000" in message


@pytest.mark.parametrize(
    "member",
    [
        {"BatchSize": True},
        {"Queues": [["nested"]]},
        {"SourceAccessConfigurations": ["text"]},
        {"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": None}]},
    ],
)
def test_a_value_of_another_type_is_refused(member: dict[str, Any]) -> None:
    assert refusal_of(REQUEST | member)[:2] == (400, "SerializationException")


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 100_000, b'{"Queues":' + b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(LambdaApiError, match="SerializationException"):
        parse_request(body)


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    changed = update_mapping(MAPPING, {"BatchSize": 7}, plan=PLAN, sources=SOURCES)
    assert changed == replace(MAPPING, batch_size=7)


def test_a_mapping_of_the_plan_is_held_to_the_same_rules() -> None:
    check_mapping(MAPPING, PLAN, SOURCES)
    with pytest.raises(LambdaApiError, match="less than or equal to 10000"):
        check_mapping(replace(MAPPING, batch_size=10_001), PLAN, SOURCES)
