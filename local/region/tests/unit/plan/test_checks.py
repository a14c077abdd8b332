"""A program that could not run is refused while it is evaluated, by the resource's type and name."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from localregion import project
from localregion.plan.checks import check_sources
from localregion.plan.collect import collect
from localregion.plan.errors import PlanError
from localregion.plan.model import Plan

EXAMPLE = Path(__file__).parents[3] / "examples" / "hello"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping 'hello'"
FUNCTION = "aws:lambda/function:Function 'greeter'"
SCHEDULE = "aws:scheduler/schedule:Schedule 'every-minute'"
ACCESS = '[{"type": "BASIC_AUTH", "uri": login.arn}]'
GREETER = "arn:aws:lambda:us-east-1:000000000000:function:greeter"

Planned = Callable[..., Plan]


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    """Return what evaluates the example after edits of its program, pairs of old and new text."""
    root = shutil.copytree(EXAMPLE, tmp_path / "hello")
    program = root / "infra" / "__main__.py"
    # Pulumi asks for the thread's event loop; after an `asyncio.run` of another test there is none.
    asyncio.set_event_loop(event_loop())

    def evaluate(*edits: tuple[str, str], **changes: tuple[str, ...]) -> Plan:
        text = program.read_text()
        for old, new in edits:
            assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
            text = text.replace(old, new)
        program.write_text(text)
        return collect(replace(project.read(root), **changes), "local")

    return evaluate


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


# What is edited, and what the refusal names: the resource first, then what to do.
REFUSED = {
    "a mapping of an unknown function": (
        ("function_name=greeter.arn", f'function_name="{GREETER}s"'),
        f"{MAPPING} invokes {GREETER}s, which is no function and no alias of the program: give the arn of one, "
        f"there are {GREETER}",
    ),
    "a mapping by an alias that is not of the program": (
        ("function_name=greeter.arn", f'function_name="{GREETER}:live"'),
        f"{MAPPING} invokes {GREETER}:live, which is no function and no alias",
    ),
    "a mapping without a function": (
        ("    function_name=greeter.arn,\n", ""),
        f"{MAPPING} has no function_name: AWS requires one",
    ),
    "a mapping without a queue": (('    queues="hello",\n', ""), f"{MAPPING} has no queue: give `queues`"),
    "a mapping without a login": (
        (f"    source_access_configurations={ACCESS},\n", ""),
        f"{MAPPING} has no login for the broker: give `source_access_configurations` a BASIC_AUTH",
    ),
    "a mapping whose secret is not of the program": (
        (ACCESS, '[{"type": "BASIC_AUTH", "uri": "arn:of-another"}]'),
        f"{MAPPING} names arn:of-another, which is no secret of the program: give the arn of one, there are "
        "arn:aws:secretsmanager:us-east-1:000000000000:secret:hello/broker",
    ),
    "a mapping whose secret has no value": (
        (ACCESS, '[{"type": "BASIC_AUTH", "uri": aws.secretsmanager.Secret("empty", name="empty").arn}]'),
        f"{MAPPING}: the secret 'empty' has no value: add an aws.secretsmanager.SecretVersion",
    ),
    "a secret without user name": (
        ('{"username": "hello", "password": password}', '{"password": password}'),
        f"{MAPPING}: the secret 'hello/broker' has no username: add it",
    ),
    "a mapping of something that is no broker": (
        ("event_source_arn=broker.arn", "event_source_arn=role.arn"),
        f"{MAPPING} reads from arn:aws:iam::000000000000:role/greeter, which is not the broker: give the arn",
    ),
    "a function without a role": (("    role=role.arn,\n", ""), f"{FUNCTION} has no role: AWS requires one, give it"),
    "a function whose role is not of the program": (
        ("    role=role.arn,\n", '    role="greeter",\n'),
        f"{FUNCTION} has the role greeter: give it the arn of an aws.iam.Role",
    ),
    "a layer that is not of the program": (
        ("    timeout=10,\n", '    layers=["arn:aws:lambda:us-east-1:000000000000:layer:x:1"],\n'),
        f"{FUNCTION} has the layer arn:aws:lambda:us-east-1:000000000000:layer:x:1: give it the arn of an",
    ),
    "a schedule of an unknown function": (
        ('target={"arn": greeter.arn,', 'target={"arn": "arn:aws:lambda:::function:nothing",'),
        f"{SCHEDULE} invokes arn:aws:lambda:::function:nothing, which is no function and no alias of the program",
    ),
    "a schedule by calendar": (
        ("rate(1 minute)", "cron(0 10 * * ? *)"),
        f"{SCHEDULE}: schedule expression 'cron(0 10 * * ? *)' is not emulated; supported: rate(",
    ),
    "a route to an unknown function": (
        ('    "function_name": FUNCTION,', '    "function_name": "nothing",'),
        "gateway routes 'hello', plugin aws-lambda, invokes 'nothing', which is no function of the program: there are "
        "greeter",
    ),
    "a route by an unknown alias": (
        ('    "function_name": FUNCTION,', '    "function_name": FUNCTION, "qualifier": "live",'),
        "gateway routes 'hello', plugin aws-lambda, invokes 'greeter' by 'live', which is no alias of the program: "
        "there are none; add an aws.lambda_.Alias",
    ),
    "an invocation of an unknown function": (
        ("class Gateway", 'aws.lambda_.Invocation("prepare", function_name="nothing", input="{}")\n\n\nclass Gateway'),
        "aws:lambda/invocation:Invocation 'prepare' invokes 'nothing', which is no function of the program",
    ),
    "two brokers": (
        ("class Gateway", 'aws.mq.Broker("more", broker_name="m", engine_type="RabbitMQ", engine_version="4.2", '
         'host_instance_type="mq.m7g.medium", users=[])\n\n\nclass Gateway'),
        "the plan holds one aws:mq/broker:Broker, the program registers 2: 'broker', 'more'",
    ),
    "no component that is the gateway": (
        ('super().__init__("hello:gateway:Gateway"', 'super().__init__("hello:gateway:Other"'),
        "[tool.localregion] names the gateway hello:gateway:Gateway, and the program registers no such component",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_program_is_refused_by_the_name_of_what_could_not_run(planned: Planned, what: str) -> None:
    edit, message = REFUSED[what]
    with pytest.raises(PlanError) as refused:
        planned(edit)
    assert str(refused.value).startswith(message)


def test_the_example_itself_is_not_refused(planned: Planned) -> None:
    plan = planned()
    check_sources(plan, EXAMPLE)
    assert (plan.database, plan.broker is None, plan.gateway is None) == (None, False, False)


def test_a_program_without_broker_and_gateway_is_a_plan_without_them(planned: Planned, tmp_path: Path) -> None:
    program = tmp_path / "hello" / "infra" / "__main__.py"
    program.write_text(program.read_text().partition("\npassword = ")[0])

    plan = planned(queues=(), gateway=None)

    assert [function.name for function in plan.functions] == ["greeter"]
    assert (plan.database, plan.broker, plan.gateway, plan.secrets) == (None, None, None, {})


def test_queues_without_a_broker_are_refused(planned: Planned, tmp_path: Path) -> None:
    program = tmp_path / "hello" / "infra" / "__main__.py"
    program.write_text(program.read_text().partition("\npassword = ")[0])

    with pytest.raises(PlanError, match="queues names hello, and the program has no broker"):
        planned(gateway=None)


def test_a_function_has_awss_defaults(planned: Planned) -> None:
    (function,) = planned(("    timeout=10,\n", "")).functions

    assert (function.timeout_s, function.memory_mb) == (3, 128)


def test_a_role_of_another_account_is_taken(planned: Planned) -> None:
    assert planned(("    role=role.arn,\n", '    role="arn:aws:iam::123456789012:role/theirs",\n')).functions


def test_an_archive_without_a_source_folder_is_refused(planned: Planned, tmp_path: Path) -> None:
    plan = planned()
    with pytest.raises(
        PlanError, match=r"Function 'greeter': the source of dist/functions/greeter.zip would be functions/greeter"
    ):
        check_sources(plan, tmp_path)


def test_a_layer_without_a_source_folder_is_refused(planned: Planned) -> None:
    layer = 'aws.lambda_.LayerVersion("words", layer_name="words", code=pulumi.FileArchive("../dist/layers/words.zip"))'
    plan = planned(("    timeout=10,\n", f"    layers=[{layer}.arn],\n"))
    with pytest.raises(
        PlanError, match=r"'greeter': layer 'words' has no folder layers/words/python .*\[tool.localregion.layers\]"
    ):
        check_sources(plan, EXAMPLE)
