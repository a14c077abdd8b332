"""Aliases: names of a function's versions. https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html

An alias points to one version; a share of the invocations for a second one is not emulated.
"""

from __future__ import annotations

import re
import uuid

from localregion.aws.http.errors import (
    broken_limit,
    not_emulated,
    not_found,
    precondition_failed,
    resource_conflict,
)
from localregion.aws.lambda_.registry.call import Call
from localregion.aws.lambda_.registry.state import Document

_NAME = re.compile(r"(?!^[0-9]+$)([a-zA-Z0-9-_]{1,128})")


def create_alias(call: Call) -> Document:
    stored, name = call.function(), str(call.body.get("Name", ""))
    if not _NAME.fullmatch(name):
        raise broken_limit("name", name, f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    if name in stored.aliases:
        raise resource_conflict(f"Alias already exists: {call.place.function_arn(call.name, name)}")
    if "FunctionVersion" not in call.body:
        raise broken_limit("functionVersion", "null", "Member must not be null")
    stored.aliases[name] = _changed(call, {"Name": name, "Description": ""})
    return _described(call, stored.aliases[name])


def get_alias(call: Call) -> Document:
    return _described(call, _find(call))


def update_alias(call: Call) -> Document:
    alias = _find(call)
    wanted = call.body.get("RevisionId")
    if wanted and wanted != alias["RevisionId"]:
        raise precondition_failed(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id"
        )
    changed = call.function().aliases[alias["Name"]] = _changed(call, alias)
    return _described(call, changed)


def delete_alias(call: Call) -> None:
    """Delete an alias and what is set on it; one that is not there counts as deleted, as for AWS."""
    stored, name = call.function(), call.parameters["alias"]
    for settings in (stored.aliases, stored.event_invoke_configs, stored.policies):
        settings.pop(name, None)


def list_aliases(call: Call) -> Document:
    version = call.first("FunctionVersion")
    found = [
        _described(call, alias)
        for _, alias in sorted(call.function().aliases.items())
        if version in (None, alias["FunctionVersion"])
    ]
    return call.page("Aliases", found)


def _changed(call: Call, alias: Document) -> Document:
    if (call.body.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
        raise not_emulated("RoutingConfig with a second version is not emulated: an alias has one version here.")
    changed = {**alias, **call.given("FunctionVersion", "Description"), "RevisionId": str(uuid.uuid4())}
    number, _ = call.find_version(call.function(), changed["FunctionVersion"])
    return {**changed, "FunctionVersion": number}


def _find(call: Call) -> Document:
    name = call.parameters["alias"]
    alias = call.function().aliases.get(name)
    if alias is None:
        raise not_found(f"Cannot find alias arn: {call.place.function_arn(call.name, name)}")
    return alias


def _described(call: Call, alias: Document) -> Document:
    return {"AliasArn": call.place.function_arn(call.name, alias["Name"]), **alias}
