"""The components that run code: function, layers, mapping, schedule, release."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
from tests.infra.registered import register

from components.event_source_mapping import EventSourceMapping, EventSourceMappingArgs
from components.execution_role import ExecutionRole
from components.function import Function, FunctionArgs
from components.layers import Layers, LayersArgs
from components.policy import Statement
from components.release import People, Release, ReleaseArgs, content_hash
from components.schedule import Schedule, ScheduleArgs

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
FUNCTION = "aws:lambda/function:Function"
ARN = "arn:aws:lambda:us-east-1:000000000000"


def build_function(layers: Sequence[Any] = (), **changes: Any) -> Function:
    arguments: dict[str, Any] = {
        "prefix": "dev-",
        "package": "create_order",
        "role": ExecutionRole("create_order"),
        "code": "../dist/functions/create_order.zip",
        "layers": layers,
        "memory_mb": 512,
        "timeout_s": 10,
        "environment": {"A": "1"},
        "statements": [Statement(actions=["mq:DescribeBroker"], resources=["arn:x"])],
        "subnet_ids": ["subnet-1"],
        "security_group_id": "sg-1",
        "log_level": "INFO",
        "log_retention_days": 7,
    }
    return Function("create_order", FunctionArgs(**{**arguments, **changes}))


def test_a_function_runs_its_packages_handler_behind_the_alias_live() -> None:
    registered = register(build_function)

    inputs = registered.one(FUNCTION).inputs
    assert inputs["name"] == "dev-create_order"
    assert inputs["handler"] == "create_order.handler.lambda_handler"
    assert inputs["publish"] is True
    assert inputs["tracingConfig"] == {"mode": "PassThrough"}
    assert inputs["vpcConfig"]["subnetIds"] == ["subnet-1"]
    alias = registered.one("aws:lambda/alias:Alias")
    assert alias.inputs["functionVersion"] == "1"
    assert alias.outputs["arn"] == f"{ARN}:function:dev-create_order:live"


def test_a_functions_role_allows_its_log_the_given_statements_and_network_interfaces() -> None:
    registered = register(build_function)

    log, given = json.loads(registered.one(ROLE_POLICY, "create_order").inputs["policy"])["Statement"]
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert log["Resource"] == ["arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/dev-create_order:*"]
    assert given == {"Effect": "Allow", "Action": ["mq:DescribeBroker"], "Resource": ["arn:x"]}
    (interfaces,) = json.loads(registered.one(ROLE_POLICY, "create_order-interfaces").inputs["policy"])["Statement"]
    assert all(action.startswith("ec2:") for action in interfaces["Action"])


def test_a_function_waits_for_its_rights_and_logs_json_into_its_own_group() -> None:
    registered = register(build_function)

    function = registered.one(FUNCTION)
    assert {each.urn for each in registered.all(ROLE_POLICY)} <= {*function.dependencies}
    group = registered.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert group["retentionInDays"] == 7
    assert function.inputs["loggingConfig"]["logGroup"] == group["name"]
    assert function.inputs["loggingConfig"]["logFormat"] == "JSON"
    assert "snapStart" not in function.inputs


@pytest.mark.parametrize(
    ("level", "kept"), [("DEBUG", "DEBUG"), ("INFO", "INFO"), ("WARNING", "INFO"), ("ERROR", "INFO")]
)
def test_lambda_drops_no_line_that_a_function_writes(level: str, kept: str) -> None:
    inputs = register(lambda: build_function(log_level=level)).one(FUNCTION).inputs

    assert inputs["loggingConfig"]["applicationLogLevel"] == kept


def test_snap_start_is_for_published_versions() -> None:
    inputs = register(lambda: build_function(snap_start=True)).one(FUNCTION).inputs

    assert inputs["snapStart"] == {"applyOn": "PublishedVersions"}


def test_an_alias_moves_after_what_it_waits_for_and_the_function_does_not_wait() -> None:
    def program() -> None:
        before = pulumi.ComponentResource("test:index:Before", "before")
        build_function(live_after=[before, ExecutionRole("migrated")])

    registered = register(program)

    awaited = registered.one("aws:iam/role:Role", "migrated").urn
    assert awaited in registered.one("aws:lambda/alias:Alias").dependencies
    assert awaited not in registered.one(FUNCTION).dependencies


def test_a_function_with_more_layers_than_lambda_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="6 layers, Lambda takes 5"):
        register(lambda: build_function(layers=["arn"] * 6))


def test_layers_are_handed_out_in_the_order_asked_for() -> None:
    def program() -> None:
        layers = Layers(
            "layers",
            LayersArgs(
                prefix="dev-", folder="../dist/layers", names=["a", "b"], runtime="python3.13", architecture="arm64"
            ),
        )
        build_function(layers=layers.arns("b", "a"))

    layers = register(program).one(FUNCTION).inputs["layers"]

    assert layers == [f"{ARN}:layer:dev-b:1", f"{ARN}:layer:dev-a:1"]


def build_mapping(batch_size: int) -> EventSourceMapping:
    arguments = EventSourceMappingArgs(
        broker_arn="arn:broker",
        function_alias_arn="arn:alias",
        queue="q",
        virtual_host="/",
        user_secret_arn="arn:secret",
        batch_size=batch_size,
    )
    return EventSourceMapping("mapping", arguments)


def test_a_mapping_names_one_queue_and_leaves_the_window_to_aws() -> None:
    inputs = register(lambda: build_mapping(10_000)).one("aws:lambda/eventSourceMapping:EventSourceMapping").inputs

    assert inputs["queues"] == "q"
    assert inputs["batchSize"] == 10_000
    assert "maximumBatchingWindowInSeconds" not in inputs
    assert inputs["sourceAccessConfigurations"] == [
        {"type": "BASIC_AUTH", "uri": "arn:secret"},
        {"type": "VIRTUAL_HOST", "uri": "/"},
    ]


@pytest.mark.parametrize("batch_size", [0, 10_001])
def test_a_batch_size_that_lambda_refuses_is_refused_here(batch_size: int) -> None:
    with pytest.raises(ValueError, match="Lambda takes 1 to 10000"):
        register(lambda: build_mapping(batch_size))


def test_a_schedule_may_invoke_its_functions_alias_and_nothing_else() -> None:
    def program() -> None:
        arguments = ScheduleArgs(prefix="dev-", expression="rate(1 minute)", function=build_function())
        Schedule("outbox-relay", arguments)

    registered = register(program)

    target = registered.one("aws:scheduler/schedule:Schedule").inputs["target"]
    assert target["input"] == "{}"
    assert target["arn"] == f"{ARN}:function:dev-create_order:live"
    policy = registered.one(ROLE_POLICY, "outbox-relay-schedule").inputs["policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Resource"] == [target["arn"]]


def test_a_scheduled_run_is_neither_retried_nor_kept_for_hours() -> None:
    def program() -> None:
        Schedule("beat", ScheduleArgs(prefix="dev-", expression="rate(1 minute)", function=build_function()))

    registered = register(program)

    wanted = {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}
    assert registered.one("aws:scheduler/schedule:Schedule").inputs["target"]["retryPolicy"] == wanted
    config = registered.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").inputs
    assert config == {"functionName": "dev-create_order", "qualifier": "live", **wanted}


def test_a_schedule_hands_its_input_to_the_function() -> None:
    def program() -> None:
        arguments = ScheduleArgs(
            prefix="dev-", expression="rate(5 minutes)", function=build_function(), input={"operation": "audit"}
        )
        Schedule("audit", arguments)

    target = register(program).one("aws:scheduler/schedule:Schedule").inputs["target"]
    assert json.loads(target["input"]) == {"operation": "audit"}


def test_a_release_names_secrets_and_marks_iam_roles_with_null() -> None:
    def program() -> None:
        arguments = ReleaseArgs(
            function=build_function(),
            database_roles={"by_iam": None, "by_secret": "arn:secret"},
            broker_users={"publisher": "arn:publisher"},
            content_hash="abc",
            database_id="db-0",
            broker_arn="arn:broker",
            people=People(database_roles=("on_call",), broker_users={"on_call": "arn:page"}),
        )
        Release("release", arguments)

    inputs = register(program).one("aws:lambda/invocation:Invocation").inputs

    assert json.loads(inputs["input"]) == {
        "database_roles": {"by_iam": None, "by_secret": "arn:secret"},
        "broker_users": {"publisher": "arn:publisher"},
        "people": {"database_roles": ["on_call"], "broker_users": {"on_call": "arn:page"}},
    }
    assert inputs["triggers"] == {"content": "abc", "database": "db-0", "broker": "arn:broker"}
    assert inputs["qualifier"] == "live"


def test_the_content_hash_follows_names_and_contents_and_not_bytecode(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "handler.py").write_text("a")
    first = content_hash([folder])

    (folder / "__pycache__" / "handler.pyc").write_text("bytecode")
    assert content_hash([folder]) == first
    (folder / "handler.py").write_text("b")
    assert content_hash([folder]) != first
    (folder / "handler.py").write_text("a")
    (folder / "handler.py").rename(folder / "other.py")
    assert content_hash([folder]) != first


def test_a_missing_source_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content_hash([tmp_path / "nothing"])
