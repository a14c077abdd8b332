"""Layers: versions of archives that functions have below `/opt`.

https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html and its neighbours. A function keeps a layer
version that is deleted. One of another account or region may be named; it is shown and not mounted.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from localregion.aws.http.errors import (
    access_denied,
    broken_limit,
    invalid_parameter_value,
    not_found,
)
from localregion.aws.lambda_.registry.call import Call, Place
from localregion.aws.lambda_.registry.configuration import stamped
from localregion.aws.lambda_.registry.state import Document, State, StoredLayer

LAYERS_MAX = 5
_NAME = re.compile(r"(?:arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:layer:)?(?P<name>[a-zA-Z0-9-_]{1,140})")
_VERSION_ARN = re.compile(
    r"arn:[a-z-]+:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9-_]+):(?P<number>\d+)"
)


def publish_layer_version(call: Call) -> Document:
    name = _name(call)
    if not call.archive:
        raise invalid_parameter_value("Please provide a source for layer content.")
    layer = call.state.layers.setdefault(name, StoredLayer())
    number, layer.next_version = layer.next_version, layer.next_version + 1
    layer.versions[str(number)] = {
        "LayerArn": call.place.layer_arn(name),
        "LayerVersionArn": f"{call.place.layer_arn(name)}:{number}",
        "CreatedDate": stamped({})["LastModified"],
        "Version": number,
        "CodeSize": call.archives.path(call.archive).stat().st_size,
        "archive": call.archive,
        **call.given("Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"),
    }
    return _described(call.place, layer.versions[str(number)])


def get_layer_version(call: Call) -> Document:
    layer = call.state.layers.get(_name(call), StoredLayer())
    return _described(call.place, _found(layer.versions.get(call.parameters["version"])))


def get_layer_version_by_arn(call: Call) -> Document:
    arn = call.first("Arn") or ""
    match = _VERSION_ARN.fullmatch(arn)
    if match is None:
        raise broken_limit("arn", arn, f"Member must satisfy regular expression pattern: {_VERSION_ARN.pattern}")
    if (match["region"], match["account"]) != (call.place.region, call.place.account):
        raise access_denied(f"The layer {arn} is of another account or region, and nothing is known of it here.")
    layer = call.state.layers.get(match["name"], StoredLayer())
    return _described(call.place, _found(layer.versions.get(match["number"])))


def list_layers(call: Call) -> Document:
    """Return each layer with its newest version; one whose versions are all deleted is not listed."""
    shown = [
        {"LayerName": name, "LayerArn": call.place.layer_arn(name), "LatestMatchingVersion": _summary(matching[-1])}
        for name, layer in sorted(call.state.layers.items())
        if (matching := _matching(call, layer))
    ]
    return call.page("Layers", shown)


def list_layer_versions(call: Call) -> Document:
    layer = call.state.layers.get(_name(call), StoredLayer())
    return call.page("LayerVersions", [_summary(entry) for entry in reversed(_matching(call, layer))])


def delete_layer_version(call: Call) -> None:
    """Delete a version; one that is not there counts as deleted, as for AWS."""
    if (layer := call.state.layers.get(_name(call))) is not None:
        layer.versions.pop(call.parameters["version"], None)


def layers_of(state: State, place: Place, arns: Sequence[str]) -> tuple[list[Document], list[str]]:
    """Return a function's layers as they are shown, and the archives of those that are mounted."""
    if len(arns) > LAYERS_MAX:
        raise invalid_parameter_value(f"Cannot reference more than {LAYERS_MAX} layers.")
    if len({arn.rpartition(":")[0] for arn in arns}) < len(arns):
        raise invalid_parameter_value(
            "Two different versions of the same layer are not allowed to be referenced in the same function."
        )
    shown: list[Document] = []
    archives: list[str] = []
    for arn in arns:
        entry = _own(state, place, arn)
        # AWS tells the size of a foreign layer as well.
        shown.append({"Arn": arn, "CodeSize": entry["CodeSize"] if entry else 0})
        archives += [entry["archive"]] if entry else []
    return shown, archives


def _own(state: State, place: Place, arn: str) -> Document | None:
    """Return a layer version of this place, None for one of another."""
    match = _VERSION_ARN.fullmatch(arn)
    if match is None:
        raise broken_limit(
            "layers", f"[{arn}]", f"Member must satisfy regular expression pattern: {_VERSION_ARN.pattern}"
        )
    if (match["region"], match["account"]) != (place.region, place.account):
        return None
    entry = state.layers.get(match["name"], StoredLayer()).versions.get(match["number"])
    if entry is None:
        raise invalid_parameter_value(f"Layer version {arn} does not exist.")
    return entry


def _matching(call: Call, layer: StoredLayer) -> list[Document]:
    wanted = {
        "CompatibleRuntimes": call.first("CompatibleRuntime"),
        "CompatibleArchitectures": call.first("CompatibleArchitecture"),
    }
    return [
        entry
        for _, entry in sorted(layer.versions.items(), key=lambda item: int(item[0]))
        if all(value is None or value in entry.get(member, ()) for member, value in wanted.items())
    ]


def _described(place: Place, entry: Document) -> dict[str, Any]:
    content = {
        "Location": place.location(entry["archive"]),
        "CodeSha256": base64.b64encode(bytes.fromhex(entry["archive"])).decode(),
        "CodeSize": entry["CodeSize"],
    }
    return {
        "Content": content,
        "Description": "",
        **{member: value for member, value in entry.items() if member not in ("archive", "CodeSize")},
    }


def _summary(entry: Document) -> dict[str, Any]:
    return {member: value for member, value in entry.items() if member not in ("archive", "CodeSize", "LayerArn")}


def _found(entry: Document | None) -> Document:
    if entry is None:
        raise not_found("The resource you requested does not exist.")
    return entry


def _name(call: Call) -> str:
    text = call.parameters["layer"]
    match = _NAME.fullmatch(text)
    if match is None:
        raise broken_limit("layerName", text, f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    return match["name"]
