"""Read a registered resource's inputs as the plan needs them, or say which resource has what instead.

On the wire numbers are floats, archives and secrets are marked dictionaries, and JSON documents are text.
"""

import json
import posixpath
from collections.abc import Mapping
from typing import Any

from pulumi.runtime import rpc

from localregion.plan.errors import PlanError
from localregion.plan.mocks import Resource, archive_path, is_secret


def label(resource: Resource) -> str:
    return f"{resource.type} {resource.name!r}"


def secret_content(version: Resource) -> dict[str, Any]:
    document = version.inputs["secretString"]
    try:
        content = json.loads(document["value"] if is_secret(document) else document)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise PlanError(f"{label(version)} is not a JSON object")
    return content


def text(resource: Resource, key: str) -> str:
    value = resource.inputs.get(key)
    if not isinstance(value, str):
        found = "secret" if is_secret(value) else repr(value)
        raise PlanError(f"{label(resource)}: {key} is {found}, the plan needs text")
    return value


def number(resource: Resource, key: str, *, default: int) -> int:
    """Return a number; `default` is AWS's own."""
    value = resource.inputs.get(key, float(default))
    if not isinstance(value, float):
        raise PlanError(f"{label(resource)}: {key} is {value!r}, the plan needs a number")
    return int(value)


def json_object(resource: Resource, document: Any) -> dict[str, Any]:
    if is_secret(document):
        raise PlanError(f"{label(resource)}: its input holds a secret; pass the secret's ARN instead")
    value = json.loads(document)
    if not isinstance(value, dict):
        raise PlanError(f"{label(resource)}: its input is not a JSON object")
    return value


def archive(resource: Resource, key: str, *, program: str) -> str:
    """Return an archive's path from the project's root; in the program it is relative to the program's folder."""
    try:
        return posixpath.normpath(posixpath.join(program, archive_path(resource.inputs.get(key))))
    except ValueError as error:
        raise PlanError(f"{label(resource)}: {key} is {error}") from None


def environment(resource: Resource) -> dict[str, str]:
    """Return a function's variables. PlanError when Pulumi marked one of them secret."""
    given = resource.inputs.get("environment", {})
    variables = {} if is_secret(given) else given.get("variables", {})
    marked = [name for name, value in variables.items() if is_secret(value)]
    if marked or is_secret(given) or is_secret(variables):
        raise PlanError(
            f"{label(resource)}: environment variable {', '.join(marked) or '(all)'} holds a secret, which AWS would "
            "show to every role that may read the function; pass the secret's ARN instead"
        )
    return {name: str(value) for name, value in sorted(variables.items())}


def plain(node: Any) -> Any:
    """Return a value with the integers that the wire turned into floats."""
    if isinstance(node, float) and node.is_integer():
        return int(node)
    if isinstance(node, list):
        return [plain(entry) for entry in node]
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items() if key != rpc._special_sig_key}
    return node
