"""Functions and their versions: the operations of Lambda's API that make, change, show and delete them.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and its neighbours. Every change is in effect
when it is answered, so a function is always Active and its last update Successful.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from localregion.aws.http.errors import (
    broken_limit,
    invalid_parameter_value,
    precondition_failed,
    resource_conflict,
)
from localregion.aws.lambda_.functions.names import LATEST, parse_function_name
from localregion.aws.lambda_.registry.archives import UNZIPPED_MAX_BYTES
from localregion.aws.lambda_.registry.call import Call, Place
from localregion.aws.lambda_.registry.configuration import changed_configuration, new_configuration, stamped
from localregion.aws.lambda_.registry.layers import layers_of
from localregion.aws.lambda_.registry.state import Document, StoredFunction, Version

_NAME_MAX = 64
# What two versions may differ in and still be the same.
_VOLATILE = ("Description", "LastModified", "RevisionId")


def create_function(call: Call) -> Document:
    name, qualifier = parse_function_name(str(call.body.get("FunctionName", "")))
    if qualifier or len(name) > _NAME_MAX:
        raise broken_limit("functionName", name, f"Member must have length less than or equal to {_NAME_MAX}")
    if name in call.state.functions:
        raise resource_conflict(f"Function already exist: {name}")
    configuration = new_configuration(name, call.body)
    latest = _with_layers(call, _with_code(call, Version(configuration=configuration, archive="", layer_archives=[])))
    stored = StoredFunction(latest=_stamped(latest), tags=dict(call.body.get("Tags") or {}))
    call.state.functions[name] = stored
    number = _publish(stored) if call.body.get("Publish") else LATEST
    shown = {**described(call.place, name, LATEST, _version(stored, number)), "Version": number}
    shown.pop("LastUpdateStatus")
    return shown


def update_function_code(call: Call) -> Document:
    stored = call.function()
    _check_revision(stored, call.body)
    latest = _with_code(call, stored.latest)
    if call.body.get("Architectures"):
        latest = replace(latest, configuration={**latest.configuration, "Architectures": call.body["Architectures"]})
    if call.body.get("DryRun"):
        return described(call.place, call.name, LATEST, latest)
    stored.latest = _stamped(latest)
    if not call.body.get("Publish"):
        return described(call.place, call.name, LATEST, stored.latest)
    number = _publish(stored)
    return described(call.place, call.name, number, stored.published[number], qualifier=number)


def update_function_configuration(call: Call) -> Document:
    stored = call.function()
    _check_revision(stored, call.body)
    changed = replace(stored.latest, configuration=changed_configuration(stored.latest.configuration, call.body))
    stored.latest = _stamped(_with_layers(call, changed) if "Layers" in call.body else changed)
    return described(call.place, call.name, LATEST, stored.latest)


def get_function(call: Call) -> Document:
    stored, (number, version) = call.function(), call.version()
    configuration = described(call.place, call.name, number, version, qualifier=call.qualifier)
    shown: Document = {
        "Configuration": configuration,
        "Code": {"RepositoryType": "S3", "Location": call.place.location(version.archive)},
    }
    if stored.tags:
        shown["Tags"] = stored.tags
    if stored.reserved_concurrency is not None:
        shown["Concurrency"] = {"ReservedConcurrentExecutions": stored.reserved_concurrency}
    return shown


def get_function_configuration(call: Call) -> Document:
    number, version = call.version()
    return described(call.place, call.name, number, version, qualifier=call.qualifier)


def delete_function(call: Call) -> None:
    """Delete a function, or one version of it."""
    stored, qualifier = call.function(), call.qualifier
    if qualifier is None:
        del call.state.functions[call.name]
        return
    if qualifier == LATEST:
        raise invalid_parameter_value("$LATEST version cannot be deleted without deleting the function.")
    if not qualifier.isdigit():
        raise invalid_parameter_value("Deletion of aliases is not currently supported.")
    used_by = sorted(name for name, alias in stored.aliases.items() if alias["FunctionVersion"] == qualifier)
    if used_by:
        raise resource_conflict(
            f"Unable to delete version because the following aliases reference it: [{', '.join(used_by)}]"
        )
    stored.published.pop(qualifier, None)
    for settings in (stored.event_invoke_configs, stored.policies, stored.runtime_management):
        settings.pop(qualifier, None)


def list_functions(call: Call) -> Document:
    every = call.first("FunctionVersion")
    if every not in (None, "ALL"):
        raise invalid_parameter_value(f"Value '{every}' at 'functionVersion' must be one of [ALL]")
    shown = [
        configuration
        for name, stored in sorted(call.state.functions.items())
        for configuration in (_versions(call, name, stored) if every else [_latest(call, name, stored)])
    ]
    return call.page("Functions", shown)


def publish_version(call: Call) -> Document:
    stored = call.function()
    _check_revision(stored, call.body)
    wanted, current = call.body.get("CodeSha256"), stored.latest.configuration["CodeSha256"]
    if wanted and wanted != current:
        raise invalid_parameter_value(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({current}). Please try again "
            "with the CodeSHA256 in $LATEST."
        )
    number = _publish(stored, description=call.body.get("Description"))
    return described(call.place, call.name, number, stored.published[number], qualifier=number)


def list_versions(call: Call) -> Document:
    return call.page("Versions", _versions(call, call.name, call.function()))


def described(
    place: Place, name: str, number: str, version: Version, *, qualifier: str | None = None
) -> dict[str, Any]:
    """Return a version's configuration as AWS shows it to one who named the function so."""
    return {
        **version.configuration,
        "FunctionArn": place.function_arn(name, qualifier),
        "Version": number,
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


def _publish(stored: StoredFunction, *, description: str | None = None) -> str:
    """Make `$LATEST` a version unless the newest one is the same, and return its number."""
    newest = max(stored.published, key=int, default=None)
    if newest is not None and _essence(stored.published[newest]) == _essence(stored.latest):
        return newest
    number = str(stored.next_version)
    given = {"Description": description} if description else {}
    configuration = stamped({**stored.latest.configuration, **given})
    stored.published[number] = replace(stored.latest, configuration=configuration)
    stored.next_version += 1
    # Publishing touches `$LATEST` as well.
    stored.latest = replace(
        stored.latest, configuration={**stored.latest.configuration, "RevisionId": str(uuid.uuid4())}
    )
    return number


def _essence(version: Version) -> Version:
    kept = {name: value for name, value in version.configuration.items() if name not in _VOLATILE}
    return replace(version, configuration=kept)


def _version(stored: StoredFunction, number: str) -> Version:
    return stored.latest if number == LATEST else stored.published[number]


def _versions(call: Call, name: str, stored: StoredFunction) -> list[Document]:
    numbers = [LATEST, *sorted(stored.published, key=int)]
    return [described(call.place, name, each, _version(stored, each), qualifier=each) for each in numbers]


def _latest(call: Call, name: str, stored: StoredFunction) -> Document:
    return described(call.place, name, LATEST, stored.latest)


def _stamped(version: Version) -> Version:
    return replace(version, configuration=stamped(version.configuration))


def _with_code(call: Call, version: Version) -> Version:
    """Return the version with the archive that came with the call."""
    if not call.archive:
        raise invalid_parameter_value("Please provide a source for function code.")
    code = {
        "CodeSha256": base64.b64encode(bytes.fromhex(call.archive)).decode(),
        "CodeSize": call.archives.path(call.archive).stat().st_size,
    }
    changed = replace(version, archive=call.archive, configuration={**version.configuration, **code})
    return _within_limit(call, changed)


def _with_layers(call: Call, version: Version) -> Version:
    shown, archives = layers_of(call.state, call.place, call.body.get("Layers") or [])
    configuration = {name: value for name, value in version.configuration.items() if name != "Layers"}
    if shown:
        configuration["Layers"] = shown
    return _within_limit(call, replace(version, configuration=configuration, layer_archives=archives))


def _within_limit(call: Call, version: Version) -> Version:
    size = call.archives.unzipped_size([version.archive, *version.layer_archives])
    if size > UNZIPPED_MAX_BYTES:
        raise invalid_parameter_value(
            f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_MAX_BYTES} bytes. The "
            f"actual size is {size} bytes."
        )
    return version


def _check_revision(stored: StoredFunction, body: Mapping[str, Any]) -> None:
    wanted = body.get("RevisionId")
    if wanted and wanted != stored.latest.configuration["RevisionId"]:
        raise precondition_failed(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id"
        )
