"""Which settings an Amazon MQ event source mapping may have, refused in AWS's words; pure.

Limits and shapes come from the Lambda API model (the wording of a broken limit is what every AWS service answers), the
rest from https://docs.aws.amazon.com/lambda/latest/dg/services-mq-params.html. AWS's texts for a missing login and for
a function that runs too long are not on record; those are ours. Filters are refused, because they are not emulated.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from localregion.aws.event_source_mappings.sources import Sources
from localregion.aws.http.errors import (
    LambdaApiError,
    broken_limit,
    function_not_found,
    invalid_parameter_value,
    not_emulated,
    resource_conflict,
)
from localregion.aws.http.exchange import parse_json
from localregion.aws.lambda_.functions.names import FUNCTION_NAME, LATEST, check_place, has_qualifier
from localregion.plan.model import EventSourceMapping, Function, Plan

BATCH_SIZE_DEFAULT = 100
FUNCTION_TIMEOUT_MAX_S = 14 * 60
_LIMITS = {"BatchSize": (1, 10_000), "MaximumBatchingWindowInSeconds": (0, 300)}
_TYPES: dict[str, type] = {
    "BatchSize": int,
    "Enabled": bool,
    "EventSourceArn": str,
    "FunctionName": str,
    "MaximumBatchingWindowInSeconds": int,
    "Queues": list,
    "SourceAccessConfigurations": list,
    "Tags": dict,
}
_UPDATABLE = _TYPES.keys() - {"EventSourceArn", "Queues", "Tags"}
_UNSUPPORTED_FOR_MQ = {
    *("AmazonManagedKafkaEventSourceConfig", "BisectBatchOnFunctionError", "DestinationConfig"),
    *("DocumentDBEventSourceConfig", "FunctionResponseTypes", "LoggingConfig", "MaximumRecordAgeInSeconds"),
    *("MaximumRetryAttempts", "MetricsConfig", "ParallelizationFactor", "ProvisionedPollerConfig", "ScalingConfig"),
    *("SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig", "StartingPosition", "StartingPositionTimestamp"),
    *("Topics", "TumblingWindowInSeconds"),
}
_QUEUE_LENGTH_MAX = 1000


class UnusableMappingError(Exception):
    """A mapping of the plan has settings that AWS refuses."""


def check_mapping(mapping: EventSourceMapping, plan: Plan, sources: Sources) -> None:
    """Raise LambdaApiError unless AWS would accept this mapping."""
    _check_limit("BatchSize", mapping.batch_size)
    _check_limit("MaximumBatchingWindowInSeconds", mapping.batching_window_s)
    _check_function(mapping, plan)
    sources.check_secret(mapping.secret)


def create_mapping(request: Mapping[str, Any], *, name: str, plan: Plan, sources: Sources) -> EventSourceMapping:
    """Return the mapping that a CreateEventSourceMapping request describes."""
    _check_members(request, allowed=_TYPES.keys())
    sources.check_broker(request.get("EventSourceArn", ""))
    empty = EventSourceMapping(
        name=name,
        function="",
        qualifier=None,
        queue=_only_queue(request.get("Queues")),
        virtual_host="/",
        secret="",
        batch_size=BATCH_SIZE_DEFAULT,
        batching_window_s=None,
    )
    return _changed(empty, request, plan, sources)


def update_mapping(
    mapping: EventSourceMapping, request: Mapping[str, Any], *, plan: Plan, sources: Sources
) -> EventSourceMapping:
    """Return the mapping as an UpdateEventSourceMapping request changes it."""
    _check_members(request, allowed=_UPDATABLE)
    return _changed(mapping, request, plan, sources)


def parse_request(body: bytes) -> dict[str, Any]:
    """Return the request's members; a member that is null counts as absent, as for AWS."""
    try:
        request = parse_json(body or b"{}")
    except ValueError as error:
        raise LambdaApiError(400, "SerializationException", b'{"Message":"Unexpected end of input"}') from error
    if not isinstance(request, dict):
        raise LambdaApiError(400, "SerializationException", b'{"Message":"Start of structure expected"}')
    return {member: value for member, value in request.items() if value is not None}


def split_function_name(name: str, plan: Plan) -> tuple[str, str | None]:
    """Return name and qualifier of a function given by name, partial ARN or ARN of this place."""
    match = FUNCTION_NAME.fullmatch(name)
    if match is None:
        raise broken_limit(
            "functionName", name, f"Member must satisfy regular expression pattern: {FUNCTION_NAME.pattern}"
        )
    check_place(name, plan)
    return match["name"], match["qualifier"]


def check_unique(mapping: EventSourceMapping, others: Mapping[str, EventSourceMapping], arn: str) -> None:
    """Raise LambdaApiError when one of the others, by UUID, has the same queue and function already.

    `arn` is the broker's. AWS's words are those recorded for streams. That a queue of another virtual host is another
    one is assumed.
    """
    for mapping_id, other in others.items():
        if _ends(other) == _ends(mapping):
            raise resource_conflict(
                f'The event source arn (" {arn} ") and function (" {mapping.function} ") provided mapping '
                f"already exists. Please update or delete the existing mapping with UUID {mapping_id}"
            )


def _ends(mapping: EventSourceMapping) -> tuple[str, str, str, str]:
    return mapping.virtual_host, mapping.queue, mapping.function, mapping.qualifier or LATEST


def _changed(
    mapping: EventSourceMapping, request: Mapping[str, Any], plan: Plan, sources: Sources
) -> EventSourceMapping:
    changes: dict[str, Any] = {}
    if "FunctionName" in request:
        changes["function"], changes["qualifier"] = split_function_name(request["FunctionName"], plan)
    for member, field in (("BatchSize", "batch_size"), ("MaximumBatchingWindowInSeconds", "batching_window_s")):
        if member in request:
            changes[field] = request[member]
    if "Enabled" in request:
        changes["enabled"] = request["Enabled"]
    for access in request.get("SourceAccessConfigurations", ()):
        changes.update(_access(access, sources))
    changed = dataclasses.replace(mapping, **changes)
    check_mapping(changed, plan, sources)
    return changed


def _access(access: Mapping[str, str], sources: Sources) -> dict[str, str]:
    kind, uri = access.get("Type"), access.get("URI", "")
    if kind == "VIRTUAL_HOST":
        return {"virtual_host": uri}
    if kind == "BASIC_AUTH":
        return {"secret": sources.secret_of(uri)}
    raise invalid_parameter_value(
        f"SourceAccessConfiguration type {kind} is not supported for Amazon MQ event sources."
    )


def _check_members(request: Mapping[str, Any], *, allowed: Any) -> None:
    for member, value in request.items():
        if member in _UNSUPPORTED_FOR_MQ:
            raise invalid_parameter_value(f"Unsupported {member} parameter for given event source mapping type.")
        if member == "FilterCriteria":
            raise not_emulated(
                "FilterCriteria is not emulated: Lambda acknowledges the messages that a filter rejects, so they are "
                "lost. Bind the queue to what the function wants instead."
            )
        if member not in allowed:
            raise not_emulated(f"{member} is not emulated for event source mappings.")
        if type(value) is not _TYPES[member] or not _has_right_items(member, value):
            raise LambdaApiError(
                400, "SerializationException", json.dumps({"Message": f"{member}: wrong type"}).encode()
            )
        if member in _LIMITS:
            _check_limit(member, value)


def _has_right_items(member: str, value: Any) -> bool:
    if member == "Queues":
        return all(isinstance(queue, str) for queue in value)
    if member == "SourceAccessConfigurations":
        return all(
            isinstance(access, dict) and all(isinstance(each, str) for each in access.values()) for access in value
        )
    return True


def _check_limit(member: str, value: Any) -> None:
    lowest, highest = _LIMITS[member]
    name = member[0].lower() + member[1:]
    if value is not None and value < lowest:
        raise broken_limit(name, value, f"Member must have value greater than or equal to {lowest}")
    if value is not None and value > highest:
        raise broken_limit(name, value, f"Member must have value less than or equal to {highest}")


def _only_queue(queues: list[str] | None) -> str:
    if not queues:
        raise invalid_parameter_value("Queues is required for Amazon MQ event sources.")
    if len(queues) > 1:
        raise broken_limit("queues", f"[{', '.join(queues)}]", "Member must have length less than or equal to 1")
    # The API model's pattern is [\\s\\S]*: any name that RabbitMQ has, and longer ones.
    if not 1 <= len(queues[0]) <= _QUEUE_LENGTH_MAX:
        limits = (
            "Member must have length less than or equal to 1000, Member must have length greater than or equal to 1"
        )
        raise broken_limit("queues", f"[{queues[0]}]", f"Member must satisfy constraint: [{limits}]")
    return queues[0]


def _check_function(mapping: EventSourceMapping, plan: Plan) -> None:
    function = find_function(mapping.function, plan)
    if not has_qualifier(function, mapping.qualifier):
        raise function_not_found(f"{function.arn}:{mapping.qualifier}")
    if function.timeout_s > FUNCTION_TIMEOUT_MAX_S:
        raise invalid_parameter_value(
            f"Function timeout: {function.timeout_s} seconds is greater than the {FUNCTION_TIMEOUT_MAX_S} seconds (14 "
            "minutes) that Amazon MQ event sources support."
        )


def find_function(name: str, plan: Plan) -> Function:
    for function in plan.functions:
        if function.name == name:
            return function
    raise function_not_found(f"arn:aws:lambda:{plan.region}:{plan.account}:function:{name}")
