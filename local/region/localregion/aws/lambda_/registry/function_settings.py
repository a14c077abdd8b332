"""What is set on a function beside its configuration: concurrency, asynchronous invocation, runtime updates, loops.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html and its neighbours. Destinations, runtime
updates and what happens to recursive loops are shown and without effect; no code is signed.
"""

from __future__ import annotations

import time
from typing import Any

from localregion.aws.http.errors import broken_limit, not_found
from localregion.aws.lambda_.functions.names import LATEST
from localregion.aws.lambda_.registry.call import Call
from localregion.aws.lambda_.registry.state import Document

_EVENT_LIMITS = {"MaximumRetryAttempts": (0, 2), "MaximumEventAgeInSeconds": (60, 21_600)}
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_ACCOUNT_LIMIT = {
    "TotalCodeSize": 80_530_636_800,
    "CodeSizeUnzipped": 262_144_000,
    "CodeSizeZipped": 52_428_800,
}


def put_concurrency(call: Call) -> Document:
    stored, limit = call.function(), call.body.get("ReservedConcurrentExecutions")
    if type(limit) is not int or limit < 0:
        raise broken_limit("reservedConcurrentExecutions", limit, "Member must have value greater than or equal to 0")
    stored.reserved_concurrency = limit
    return {"ReservedConcurrentExecutions": limit}


def get_concurrency(call: Call) -> Document:
    limit = call.function().reserved_concurrency
    return {} if limit is None else {"ReservedConcurrentExecutions": limit}


def delete_concurrency(call: Call) -> None:
    call.function().reserved_concurrency = None


def put_event_invoke_config(call: Call) -> Document:
    """Set the whole configuration anew."""
    return _set_event_invoke_config(call, {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}})


def update_event_invoke_config(call: Call) -> Document:
    """Change what the request names."""
    return _set_event_invoke_config(call, _event_invoke_config(call))


def get_event_invoke_config(call: Call) -> Document:
    return _described(call, call.qualifier or LATEST, _event_invoke_config(call))


def delete_event_invoke_config(call: Call) -> None:
    _event_invoke_config(call)
    del call.function().event_invoke_configs[call.qualifier or LATEST]


def list_event_invoke_configs(call: Call) -> Document:
    found = sorted(call.function().event_invoke_configs.items())
    shown = [_described(call, qualifier, config) for qualifier, config in found]
    return call.page("FunctionEventInvokeConfigs", shown)


def put_runtime_management(call: Call) -> Document:
    given = call.given("UpdateRuntimeOn", "RuntimeVersionArn")
    call.function().runtime_management[call.set_under()] = given
    return get_runtime_management(call)


def get_runtime_management(call: Call) -> Document:
    config = call.function().runtime_management.get(call.set_under(), {"UpdateRuntimeOn": "Auto"})
    return {"FunctionArn": call.place.function_arn(call.name, call.qualifier), **config}


def put_recursion(call: Call) -> Document:
    wanted = call.body.get("RecursiveLoop")
    if wanted not in ("Allow", "Terminate"):
        raise broken_limit("recursiveLoop", wanted, "Member must satisfy enum value set: [Terminate, Allow]")
    call.function().recursive_loop = wanted
    return get_recursion(call)


def get_recursion(call: Call) -> Document:
    return {"RecursiveLoop": call.function().recursive_loop}


def get_code_signing(call: Call) -> Document:
    call.function()
    return {"CodeSigningConfigArn": None, "FunctionName": call.name}


def get_account_settings(call: Call) -> Document:
    functions = call.state.functions.values()
    reserved = sum(stored.reserved_concurrency or 0 for stored in functions)
    limit = {
        "ConcurrentExecutions": call.concurrency_limit,
        "UnreservedConcurrentExecutions": call.concurrency_limit - reserved,
    }
    size = sum(stored.latest.configuration["CodeSize"] for stored in functions)
    usage = {"TotalCodeSize": size, "FunctionCount": len(call.state.functions)}
    return {"AccountLimit": {**_ACCOUNT_LIMIT, **limit}, "AccountUsage": usage}


def _set_event_invoke_config(call: Call, former: Document) -> Document:
    config: dict[str, Any] = {**former, "LastModified": time.time()}
    for member, (lowest, highest) in _EVENT_LIMITS.items():
        if (value := call.body.get(member)) is None:
            continue
        name = member[0].lower() + member[1:]
        if type(value) is not int or value < lowest:
            raise broken_limit(name, value, f"Member must have value greater than or equal to {lowest}")
        if value > highest:
            raise broken_limit(name, value, f"Member must have value less than or equal to {highest}")
        config[member] = value
    if call.body.get("DestinationConfig"):
        config["DestinationConfig"] = {"OnSuccess": {}, "OnFailure": {}, **call.body["DestinationConfig"]}
    qualifier = call.set_under()
    call.function().event_invoke_configs[qualifier] = config
    return _described(call, qualifier, config)


def _event_invoke_config(call: Call) -> Document:
    config = call.function().event_invoke_configs.get(call.qualifier or LATEST)
    if config is None:
        arn = call.place.function_arn(call.name, call.qualifier or LATEST)
        raise not_found(f"The function {arn} doesn't have an EventInvokeConfig")
    return config


def _described(call: Call, qualifier: str, config: Document) -> Document:
    return {"FunctionArn": call.place.function_arn(call.name, qualifier), **config}
