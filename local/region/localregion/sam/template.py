"""Pure: a plan as a template of the AWS Serverless Application Model, of which `sam local invoke` needs this much.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html. Every
function and layer of the plan is in it and nothing that the plan lacks. Left out, because an invocation does without
them: events (the recorded ones are in `tests/events`), roles, the network, alarms.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from localregion.plan.model import Function, Plan
from localregion.plan.sources import is_archive
from localregion.sam import references

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL_SECRETS_MANAGER"
_ENDPOINT = "SecretsManagerEndpoint"


def build(plan: Plan, *, code_root: str, defaults: Mapping[str, str], endpoint: str | None) -> dict[str, Any]:
    """Return the template.

    `code_root` leads from the template's folder to the project's root. A parameter without default has to be given
    at each use of the template. `endpoint` is where Secrets Manager is emulated, None for AWS's own.
    """
    parameters = {references.parameter(name): _parameter(defaults.get(name)) for name in references.used(plan)}
    if endpoint is not None:
        parameters[_ENDPOINT] = _parameter(endpoint)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": f"The functions of stack {plan.stack}, for sam local invoke",
        "Parameters": parameters,
        "Resources": {
            **_layers(plan),
            **{logical_id(each): _function(each, code_root, endpoint is not None) for each in plan.functions},
        },
    }


def logical_id(function: Function) -> str:
    """Return `SendMail` for the function of package `send_mail`; the stack's prefix plays no part.

    A function that is not called as its package shares it with others, and has its own name.
    """
    package = function.handler.partition(".")[0]
    return _camel(package if function.name.endswith(package) else function.name.rpartition("-")[2])


def layer_folder(layer: str) -> str:
    """Return where the layer's content stands, beside the template.

    A folder, since SAM copies what `ContentUri` names into its image as it is, and Docker does not unpack a zip.
    """
    return f"layers/{PurePosixPath(layer).stem}"


def _layers(plan: Plan) -> dict[str, Any]:
    first_user = {layer: each for each in reversed(plan.functions) for layer in each.layers if is_archive(layer)}
    return {
        _layer_id(layer): {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {
                "LayerName": PurePosixPath(layer).stem,
                "ContentUri": f"{layer_folder(layer)}/",
                "CompatibleRuntimes": [first_user[layer].runtime],
                "CompatibleArchitectures": [first_user[layer].architecture],
            },
        }
        for layer in sorted(first_user)
    }


def _function(function: Function, code_root: str, is_emulated: bool) -> dict[str, Any]:
    variables: dict[str, Any] = {
        key: references.as_intrinsic(value) for key, value in references.named(function.environment).items()
    }
    if is_emulated:
        variables[ENDPOINT_VARIABLE] = {"Ref": _ENDPOINT}
    properties = {
        "FunctionName": function.name,
        "Handler": function.handler,
        "Runtime": function.runtime,
        "Architectures": [function.architecture],
        "MemorySize": function.memory_mb,
        "Timeout": function.timeout_s,
        "CodeUri": f"{code_root}/{function.code}",
        "Layers": [{"Ref": _layer_id(layer)} if is_archive(layer) else layer for layer in function.layers],
        "Environment": {"Variables": variables},
    }
    if function.reserved_concurrency is not None:
        properties["ReservedConcurrentExecutions"] = function.reserved_concurrency
    return {"Type": "AWS::Serverless::Function", "Properties": properties}


def _parameter(default: str | None) -> dict[str, str]:
    return {"Type": "String"} if default is None else {"Type": "String", "Default": default}


def _layer_id(layer: str) -> str:
    return f"{_camel(PurePosixPath(layer).stem)}Layer"


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
