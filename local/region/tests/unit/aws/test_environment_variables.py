"""The environment of a function."""

import os
from pathlib import Path

import pytest

from localregion.aws.lambda_.environments.variables import Surroundings, environment_variables
from localregion.plan.model import Function

AROUND = Surroundings(
    version="1",
    region="us-east-1",
    task_root=Path("/task"),
    layers_root=Path("/opt/python"),
    runtime_api="127.0.0.1:9001",
    log_stream="2026/11/22/[1]abc",
    aws_endpoint_url="http://127.0.0.1:4566",
)


def function(**environment):
    return Function(
        name="create_order",
        arn="arn:aws:lambda:us-east-1:000000000000:function:create_order",
        handler="create_order.handler.lambda_handler",
        runtime="python3.13",
        architecture="arm64",
        memory_mb=512,
        timeout_s=10,
        environment=environment,
        code="dist/functions/create_order.zip",
        layers=[],
    )


def test_a_function_gets_lambdas_variables():
    variables = environment_variables(function(), AROUND)
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "create_order"
    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == "1"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/create_order"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
    assert variables["_HANDLER"] == "create_order.handler.lambda_handler"
    assert variables["LAMBDA_TASK_ROOT"] == variables["PWD"] == "/task"
    assert variables["TZ"] == ":UTC"


def test_a_function_finds_its_layers_and_the_emulator():
    variables = environment_variables(function(), AROUND)
    assert variables["PYTHONPATH"] == "/opt/python"
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


def test_the_plans_variables_are_there_but_cannot_replace_lambdas():
    variables = environment_variables(function(LOG_LEVEL="DEBUG", TZ="CET", AWS_REGION="mars"), AROUND)
    assert variables["LOG_LEVEL"] == "DEBUG"
    assert variables["TZ"] == "CET"
    assert variables["AWS_REGION"] == "us-east-1"


def test_nothing_leaks_from_the_emulators_own_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEAKED", "1")
    assert not {name for name in os.environ if name == "LEAKED"} & set(environment_variables(function(), AROUND))
