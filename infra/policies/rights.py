"""IAM: actions that exist, on resources that are named, in policies of the program; and which role may invoke what."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from botocore.loaders import Loader  # type: ignore[import-untyped]

from policies.model import Resource, Stack, policy

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ALIAS = "aws:lambda/alias:Alias"
FUNCTION = "aws:lambda/function:Function"

KONG_YML = Path(__file__).resolve().parent.parent.parent / "kong" / "kong.yml"
# Actions with another name than the API's operation, or without an API in botocore.
CHANNELS = frozenset(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data"))
OTHER_ACTIONS = CHANNELS | {
    *("lambda:InvokeFunction", "rds-db:connect", "s3:ListBucket", "xray:PutSpans", "xray:PutSpansForIndexing")
}
# IAM knows no resource for these, or the resource does not exist yet when the policy is written.
WITHOUT_RESOURCE = CHANNELS | frozenset(
    {
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ecs:ListTasks",
        "logs:DescribeLogGroups",
        "xray:PutSpans",
        "xray:PutSpansForIndexing",
        "xray:PutTraceSegments",
    }
)


@policy(ROLE_POLICY)
def actions_exist(resource: Resource, stack: Stack) -> Iterator[str]:
    """Every action of a role is one that AWS has; none is a pattern."""
    for action in (action for statement in _statements(resource) for action in _list(statement["Action"])):
        service, _, operation = action.partition(":")
        if "*" in action:
            yield f"{action} is a pattern"
        elif action not in OTHER_ACTIONS and operation not in _operations(service):
            yield f"{action} does not exist"


@policy(ROLE_POLICY)
def resources_are_named(resource: Resource, stack: Stack) -> Iterator[str]:
    """A role names what its actions are for, unless an action knows no resource; streams follow their group."""
    for statement in _statements(resource):
        actions = {*_list(statement["Action"])}
        for named in _list(statement["Resource"]):
            allowed = actions <= WITHOUT_RESOURCE if named == "*" else "*" not in _without_members(named)
            if not allowed:
                yield f"{', '.join(sorted(actions))} on {named}"


@policy(ROLE, ATTACHMENT)
def roles_list_their_rights(resource: Resource, stack: Stack) -> Iterator[str]:
    """No role takes a managed policy, which AWS or another program may change."""
    if resource.type == ATTACHMENT or resource.properties.get("managedPolicyArns"):
        yield "it attaches a managed policy"


@policy(ROLE)
def roles_trust_one_service(resource: Resource, stack: Stack) -> Iterator[str]:
    """A role is assumed by the one AWS service that it is for, or by people (policies/people.py)."""
    for statement in trusting(resource):
        principal = statement.get("Principal")
        named = principal if isinstance(principal, dict) else {}
        if not is_for_people(statement) and (named.keys() != {"Service"} or len(_list(named["Service"])) != 1):
            yield f"it trusts {principal}"


@policy(ROLE_POLICY)
def invocations_name_an_alias(resource: Resource, stack: Stack) -> Iterator[str]:
    """A right to invoke a function names one alias of it, never the code that is not released yet."""
    aliases = {alias.properties["arn"] for alias in stack.of_type(ALIAS)}
    for named in _invoked(resource):
        if named not in aliases:
            yield f"lambda:InvokeFunction on {named}, which is no alias of the program"


@policy(ALIAS)
def kong_alone_invokes_what_it_routes_to(resource: Resource, stack: Stack) -> Iterator[str]:
    """The functions behind HTTP are invoked by Kong's role and no other, and Kong's role invokes nothing else."""
    functions = {each.properties.get("name"): each for each in stack.of_type(FUNCTION)}
    handler = str(functions[resource.properties["functionName"]].properties["handler"])
    is_routed = handler.split(".")[0] in _routed()
    callers = [each for each in stack.of_type(ROLE_POLICY) if resource.properties["arn"] in _invoked(each)]
    services = {_trusted(each, stack) for each in callers}
    if is_routed and services != {"ecs-tasks.amazonaws.com"}:
        yield f"it is invoked by {', '.join(sorted(services)) or 'no role'}, it must be Kong's role alone"
    if not is_routed and "ecs-tasks.amazonaws.com" in services:
        yield "Kong has no route to it and may invoke it"


@policy("aws:lambda/permission:Permission", FUNCTION)
def functions_are_open_to_no_service(resource: Resource, stack: Stack) -> Iterator[str]:
    """No function has a policy of its own: all rights to invoke stand in roles."""
    if resource.type != FUNCTION:
        yield "a permission lets others in beside the roles"


def _trusted(role_policy: Resource, stack: Stack) -> str:
    """Return the service that assumes the role of a policy; `people` for one that people assume."""
    (role,) = [role for role in stack.of_type(ROLE) if role.properties.get("name") == role_policy.properties["role"]]
    statement = trusting(role)[0]
    return "people" if is_for_people(statement) else str(statement["Principal"]["Service"])


def trusting(role: Resource) -> list[dict[str, Any]]:
    """Return the statements that say who may assume a role."""
    return list(json.loads(role.properties["assumeRolePolicy"])["Statement"])


def is_for_people(statement: dict[str, Any]) -> bool:
    """Tell whether a statement of trust is for principals of accounts and for no service."""
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, dict) and set(principal) == {"AWS"})


def _invoked(resource: Resource) -> list[str]:
    return [
        named
        for statement in _statements(resource)
        if "lambda:InvokeFunction" in _list(statement["Action"])
        for named in _list(statement["Resource"])
    ]


def _statements(resource: Resource) -> list[dict[str, Any]]:
    return list(json.loads(resource.properties["policy"])["Statement"])


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _without_members(arn: str) -> str:
    """Return the ARN without what stands for a log group's streams, or for a named cluster's tasks."""
    if re.search(r":task/[^/*]+/\*$", arn):
        return arn.removesuffix("/*")
    return arn.removesuffix(":*") if ":log-group:" in arn else arn


@cache
def _operations(service: str) -> Sequence[str]:
    loader = Loader()
    if service not in loader.list_available_services("service-2"):
        return ()
    return tuple(loader.load_service_model(service, "service-2")["operations"])


@cache
def _routed() -> frozenset[str]:
    """Return the packages of the functions that Kong's routes name."""
    routes = yaml.safe_load(KONG_YML.read_text())["routes"]
    plugins = [plugin for route in routes for plugin in route["plugins"]]
    return frozenset(each["config"]["function_name"] for each in plugins if each["name"] == "aws-lambda")
