"""Values within AWS's own API models: enumerations, ranges, lengths and patterns, as botocore has them.

An input of a resource is the member of the request that creates it; where the provider calls it differently or has it
beside the API, that stands here. An input of the program that is neither is a violation, so that nothing goes unchecked
unnoticed; what the provider fills in by itself (`skipDestroy`, say) is its own affair.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel, Shape  # type: ignore[import-untyped]

from policies.model import Resource, Stack, policy, said


@dataclass(frozen=True, kw_only=True)
class Request:
    """The request that creates a resource. `names`: property -> member; `provider`: properties that no API knows."""

    service: str
    operation: str
    names: Mapping[str, str] = field(default_factory=dict)
    provider: frozenset[str] = frozenset()


# What a resource has beside the members of its request: its name where the request has none, and what it is known by.
BESIDE = frozenset({"arn", "id", "name", "region", "tags", "version"})
REQUESTS = {
    "aws:lambda/function:Function": Request(
        service="lambda",
        operation="CreateFunction",
        names={"name": "FunctionName"},
        provider=frozenset({"code", "reservedConcurrentExecutions", "replaceSecurityGroupsOnDestroy"}),
    ),
    "aws:lambda/alias:Alias": Request(service="lambda", operation="CreateAlias"),
    "aws:lambda/layerVersion:LayerVersion": Request(
        service="lambda", operation="PublishLayerVersion", provider=frozenset({"code", "skipDestroy"})
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Request(service="lambda", operation="CreateEventSourceMapping"),
    "aws:mq/broker:Broker": Request(service="mq", operation="CreateBroker"),
    "aws:rds/instance:Instance": Request(
        service="rds",
        operation="CreateDBInstance",
        names={
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "dbSubnetGroupName": "DBSubnetGroupName",
            "username": "MasterUsername",
            "parameterGroupName": "DBParameterGroupName",
            "backupWindow": "PreferredBackupWindow",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
            "caCertIdentifier": "CACertificateIdentifier",
            "dbName": "DBName",
            "multiAz": "MultiAZ",
        },
        provider=frozenset(
            {
                "allowMajorVersionUpgrade",
                "applyImmediately",
                "finalSnapshotIdentifier",
                "skipFinalSnapshot",
            }
        ),
    ),
    "aws:rds/proxy:Proxy": Request(
        service="rds",
        operation="CreateDBProxy",
        names={"name": "DBProxyName", "requireTls": "RequireTLS"},
    ),
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": Request(
        service="rds", operation="ModifyDBProxyTargetGroup", names={"dbProxyName": "DBProxyName"}
    ),
    "aws:secretsmanager/secret:Secret": Request(
        service="secretsmanager",
        operation="CreateSecret",
        provider=frozenset({"recoveryWindowInDays", "forceOverwriteReplicaSecret"}),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Request(service="secretsmanager", operation="PutSecretValue"),
}


@policy(*REQUESTS)
def values_are_what_the_api_takes(resource: Resource, stack: Stack) -> Iterator[str]:
    """Every value is within AWS's own model of the request: enumerations, ranges, lengths, patterns."""
    request = REQUESTS[resource.type]
    members = _members(request.service, request.operation)
    known = {_folded(name): name for name in members}
    for key, value, is_filled_in in said(resource.properties):
        name = request.names.get(key) or known.get(_folded(key))
        if key in request.provider:
            continue
        if name is not None:
            yield from _violations(members[name], value, key)
        elif key not in BESIDE and not is_filled_in:
            yield f"{key} is no part of {request.operation}: name its member in policies/api_models.py"


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            known = {_folded(name): member for name, member in shape.members.items()}
            for key, each, is_filled_in in said(value):
                if _folded(key) in known:
                    yield from _violations(known[_folded(key)], each, f"{path}.{key}")
                elif not is_filled_in:
                    yield f"{path}.{key} is unknown to the API"
        case "list":
            entries = [value] if isinstance(value, str) else list(value)
            yield from _range(shape, len(entries), path)
            for index, each in enumerate(entries):
                yield from _violations(shape.member, each, f"{path}[{index}]")
        case "map":
            for key, each, _ in said(value):
                yield from _violations(shape.key, key, f"{path}.{key}")
                yield from _violations(shape.value, each, f"{path}.{key}")
        case "string":
            yield from _string(shape, str(value), path)
        case "integer" | "long":
            yield from _range(shape, value, path)


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    choices = shape.metadata.get("enum")
    if choices and value.casefold() not in {choice.casefold() for choice in choices}:
        yield f"{path} is {value}, the API takes {', '.join(choices)}"
    yield from _range(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield f"{path} is {value}, the API takes {pattern}"


def _range(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and value < least) or (most is not None and value > most):
        yield f"{path} has {value}, the API takes {least} to {most}"


def _folded(name: str) -> str:
    return name.casefold()


@cache
def _members(service: str, operation: str) -> Mapping[str, Shape]:
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    members: Mapping[str, Shape] = model.operation_model(operation).input_shape.members
    return members
