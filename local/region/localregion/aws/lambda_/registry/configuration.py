"""The configuration of a function: what calls may say of it, and as AWS shows it.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html. Shown and without effect here: role, network,
logging, tracing, SnapStart, the dead-letter queue, the size of /tmp, the key of KMS.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Mapping
from typing import Any

from localregion.aws.http.errors import broken_limit, invalid_parameter_value, not_emulated
from localregion.aws.lambda_.registry.state import Document

_ROLE = re.compile(r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_LIMITS = {"Timeout": (1, 900), "MemorySize": (128, 10_240)}
_ENVIRONMENT_MAX_BYTES = 4096
_RESERVED = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
_AS_GIVEN = ("Description", "Handler", "KMSKeyArn", "MemorySize", "Role", "Runtime", "Timeout")
_UNRUN = ("FileSystemConfigs", "ImageConfig", "DurableConfig", "CapacityProviderConfig", "TenancyConfig")


def new_configuration(name: str, request: Mapping[str, Any]) -> Document:
    """Return the configuration of a function that CreateFunction describes; code and layers are added to it."""
    for member in ("Role", "Code"):
        if member not in request:
            raise broken_limit(member, "null", "Member must not be null")
    if request.get("PackageType", "Zip") != "Zip":
        raise not_emulated("A function from a container image is not emulated; PackageType is Zip.")
    if "Runtime" not in request or "Handler" not in request:
        raise invalid_parameter_value(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    defaults = {
        "FunctionName": name,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "PackageType": "Zip",
        "Architectures": request.get("Architectures") or ["x86_64"],
        "TracingConfig": {"Mode": "PassThrough"},
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": _logging({}, name),
    }
    return changed_configuration(defaults, request)


def changed_configuration(configuration: Document, request: Mapping[str, Any]) -> Document:
    """Return the configuration as a request changes it. Raises LambdaApiError for what AWS refuses or is not run."""
    _check(request)
    changed = {**configuration, **{member: request[member] for member in _AS_GIVEN if member in request}}
    for member in ("EphemeralStorage", "TracingConfig"):
        if request.get(member):
            changed[member] = request[member]
    if "Environment" in request:
        changed["Environment"] = {"Variables": request["Environment"].get("Variables") or {}}
    if "VpcConfig" in request:
        changed["VpcConfig"] = _network(request["VpcConfig"])
    if "DeadLetterConfig" in request:
        changed["DeadLetterConfig"] = request["DeadLetterConfig"]
    if "LoggingConfig" in request:
        changed["LoggingConfig"] = _logging(request["LoggingConfig"], configuration["FunctionName"])
    if "SnapStart" in request:
        changed["SnapStart"] = {"ApplyOn": request["SnapStart"].get("ApplyOn", "None"), "OptimizationStatus": "Off"}
    return _without_empty(changed)


def stamped(configuration: Document) -> Document:
    """Return the configuration as one that was changed just now."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        **configuration,
        "LastModified": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}+0000",
        "RevisionId": str(uuid.uuid4()),
    }


def _check(request: Mapping[str, Any]) -> None:
    for member in _UNRUN:
        if request.get(member):
            raise not_emulated(f"{member} is not emulated for functions.")
    for member, (lowest, highest) in _LIMITS.items():
        value = request.get(member, lowest)
        name = member[0].lower() + member[1:]
        if type(value) is not int or value < lowest:
            raise broken_limit(name, value, f"Member must have value greater than or equal to {lowest}")
        if value > highest:
            raise broken_limit(name, value, f"Member must have value less than or equal to {highest}")
    if "Role" in request and not _ROLE.fullmatch(request["Role"]):
        pattern = f"Member must satisfy regular expression pattern: {_ROLE.pattern}"
        raise broken_limit("role", request["Role"], pattern)
    if not str(request.get("Runtime", "python")).startswith("python"):
        raise not_emulated(f"The runtime {request['Runtime']} is not emulated; functions are in Python here.")
    _check_environment((request.get("Environment") or {}).get("Variables") or {})


def _check_environment(variables: Mapping[str, str]) -> None:
    unable = "Lambda was unable to configure your environment variables because the environment variables you have "
    reserved = [name for name in variables if name in _RESERVED]
    if reserved:
        raise invalid_parameter_value(
            f"{unable}provided contains reserved keys that are currently not supported for modification. Reserved "
            f"keys used in this request: {', '.join(reserved)}"
        )
    if sum(len(name.encode()) + len(str(value).encode()) for name, value in variables.items()) > _ENVIRONMENT_MAX_BYTES:
        raise invalid_parameter_value(f"{unable}provided exceeded the 4KB limit.")


def _network(given: Mapping[str, Any]) -> Document:
    """Return the network as it is shown. Which network the subnets are in is another service's knowledge."""
    return {
        "SubnetIds": given.get("SubnetIds") or [],
        "SecurityGroupIds": given.get("SecurityGroupIds") or [],
        "VpcId": "",
        "Ipv6AllowedForDualStack": bool(given.get("Ipv6AllowedForDualStack")),
    }


def _logging(given: Mapping[str, Any], name: str) -> Document:
    shown = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}", **given}
    if shown["LogFormat"] == "JSON":
        return {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **shown}
    return shown


def _without_empty(configuration: Document) -> Document:
    """Leave out what is only shown when it is set."""
    optional = {"KMSKeyArn": "", "DeadLetterConfig": {}}
    return {name: value for name, value in configuration.items() if value != optional.get(name, ...)}
