"""The stack that an engine deploys onto this machine: the system of `make up`, and nothing that is asked for at AWS."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pulumi_aws.config.outputs
import pytest
import yaml
from tests.infra.program import ROOT

from localregion.plan.mocks import Resource
from localregion.plan.model import Plan
from localregion.services.ports import Ports

# Where the provider's name of an API is not the resource's own module.
_APIS = {
    "lambda": "lambda",
    "lb": "elbv2",
    "vpc": "ec2",
}
# By the type where one module of the provider calls two APIs.
_LOGS = {"aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/queryDefinition:QueryDefinition"}
_COMPONENTS = {"awsx:ec2:Vpc": "ec2", "awsx:ecs:FargateService": "ecs"}


def config(stack: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "infra" / f"Pulumi.{stack}.yaml").read_text())["config"]
    return loaded


def api(type_: str) -> str:
    """Return the API that a resource's requests go to, as the provider's configuration names it."""
    if type_ in _COMPONENTS:
        return _COMPONENTS[type_]
    module = type_.split(":")[1].partition("/")[0]
    return "logs" if type_ in _LOGS else _APIS.get(module, module)


def endpoints() -> dict[str, str]:
    (found,) = config("laptop")["aws:endpoints"]
    return dict(found)


def test_the_system_is_that_of_make_up() -> None:
    local, laptop = config("local"), config("laptop")

    provider = {key for key in laptop if key.startswith("aws:") and key != "aws:region"}
    port = "serverless-orders:databasePort"
    assert {key for key in {*local, *laptop} if local.get(key) != laptop.get(key)} == provider | {port}
    assert laptop[port] == Ports().postgres


def test_each_resource_is_asked_for_at_this_machine(
    evaluated: Callable[[str], tuple[list[Resource], str]],
) -> None:
    asked = {api(each.type) for each in evaluated("laptop")[0] if each.type.startswith(("aws:", "awsx:"))}

    assert asked > {"lambda", "logs", "ec2", "ecs", "elbv2"}
    assert asked - endpoints().keys() == set()


def test_every_endpoint_is_the_regions_and_one_that_the_provider_knows() -> None:
    known = inspect.signature(pulumi_aws.config.outputs.Endpoints.__init__).parameters

    assert {(url.hostname, url.port) for url in map(urlsplit, endpoints().values())} == {("127.0.0.1", Ports().aws)}
    assert {name for name in endpoints() if name.replace("lambda", "lambda_") not in known} == set()


@pytest.mark.parametrize("key", ["skipCredentialsValidation", "skipMetadataApiCheck", "s3UsePathStyle"])
def test_the_provider_looks_for_nothing_that_only_aws_has(key: str) -> None:
    assert config("laptop")[f"aws:{key}"] is True
    assert hasattr(type(pulumi_aws.config), "".join(f"_{c.lower()}" if c.isupper() else c for c in key))


def test_the_plan_is_that_of_make_up_under_another_name(plan_of: Callable[[str], Plan]) -> None:
    local, laptop = plan_of("local"), plan_of("laptop")

    assert laptop.to_json().replace("laptop", "local") == local.to_json()
