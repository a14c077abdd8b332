"""GetSecretValue of the local secrets."""

import dataclasses
import json

from localregion.aws.http.exchange import Request
from localregion.aws.secrets_manager import SecretsManager
from localregion.plan.model import Broker, Database, Gateway, Plan

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:database/create_order"
PLAN = Plan(
    stack="local",
    region="us-east-1",
    account="000000000000",
    functions=[],
    event_source_mappings=[],
    schedules=[],
    invocations=[],
    secrets={"database/create_order": {"username": "create_order", "password": "hidden"}},
    database=Database(engine_version="18", name="orders", admin_secret="database/admin"),
    broker=Broker(engine_version="4.2", admin_secret="broker/admin"),
    gateway=Gateway(version="3.9", declarative_config={}),
)


def ask(operation: str = "GetSecretValue", **parameters: str | None):
    headers = {b"x-amz-target": f"secretsmanager.{operation}".encode()}
    body = json.dumps(parameters).encode()
    status, _, answer = SecretsManager(PLAN).handle(Request("POST", "/", {}, headers, body, len(body)))
    return status, json.loads(answer)


def test_a_secret_is_found_by_name_by_arn_and_by_arn_without_suffix():
    status, by_name = ask(SecretId="database/create_order")
    assert status == 200
    assert json.loads(by_name["SecretString"]) == PLAN.secrets["database/create_order"]
    assert by_name["ARN"].startswith(ARN + "-")
    assert ask(SecretId=by_name["ARN"])[1]["SecretString"] == by_name["SecretString"]
    assert ask(SecretId=ARN)[1]["SecretString"] == by_name["SecretString"]


def test_an_arn_with_another_suffix_is_no_secrets_arn():
    for suffix in ("-a1B2c3", "-", "-short", ask(SecretId=ARN)[1]["ARN"][-7:] * 2):
        assert ask(SecretId=ARN + suffix)[1]["__type"] == "ResourceNotFoundException"
    assert ask(SecretId=ARN.replace("us-east-1", "eu-west-1"))[0] == 400
    own_suffix = ask(SecretId=ARN)[1]["ARN"][-7:]
    assert ask(SecretId="database/create_order" + own_suffix)[0] == 400


def test_a_member_that_is_null_counts_as_absent():
    assert ask(SecretId=ARN, VersionStage=None, VersionId=None)[0] == 200
    assert ask(SecretId=None)[1]["__type"] == "InvalidParameterException"


def test_deep_nesting_is_no_json():
    headers = {b"x-amz-target": b"secretsmanager.GetSecretValue"}
    answer = SecretsManager(PLAN).handle(Request("POST", "/", {}, headers, b"[" * 100_000, 100_000))
    assert (answer.status, json.loads(answer.body)["__type"]) == (400, "SerializationException")


def test_the_current_version_is_found_and_no_other():
    _, found = ask(SecretId="database/create_order")
    assert found["VersionStages"] == ["AWSCURRENT"]
    assert ask(SecretId="database/create_order", VersionId=found["VersionId"])[0] == 200
    status, refused = ask(SecretId="database/create_order", VersionStage="AWSPENDING")
    assert (status, refused["__type"]) == (400, "ResourceNotFoundException")


def test_an_unknown_secret_is_refused_in_aws_words():
    expected = {"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret."}
    assert ask(SecretId="database/nobody") == (400, expected)


def test_another_operation_is_refused_clearly():
    status, refused = ask("ListSecrets")
    assert (status, refused["__type"]) == (400, "UnknownOperationException")
    assert "Supported: GetSecretValue" in refused["Message"]


def test_a_plan_without_secrets_has_none():
    empty = SecretsManager(dataclasses.replace(PLAN, secrets={}))
    body = b'{"SecretId": "database/create_order"}'
    headers = {b"x-amz-target": b"secretsmanager.GetSecretValue"}
    assert empty.handle(Request("POST", "/", {}, headers, body, len(body))).status == 400
