"""The resources of a real deployment, as Pulumi's engine kept them: `recorded/README.md` says where they come from."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.infra.engine import Given

FOLDER = Path(__file__).resolve().parent / "recorded"


@cache
def recorded(stack: str) -> tuple[Given, ...]:
    """Return the resources of the recorded stack, as they would be had later rules been kept then."""
    resources = _read(stack)
    for path in sorted((FOLDER / "patches").glob("*.json")):
        patch = json.loads(path.read_text().replace("{stack}", stack))
        resources = _put(resources, patch.get("put", ()))
        resources += [_copy(resources, change) for change in patch.get("copy", ())]
        resources += [Given(**each) for each in patch.get("add", ())]
    return tuple(resources)


@cache
def as_it_was(stack: str) -> tuple[Given, ...]:
    """Return the resources of the recorded stack by the rules of its own commit."""
    return tuple(_read(stack))


def _read(stack: str) -> list[Given]:
    with gzip.open(FOLDER / f"{stack}.json.gz", "rt") as lines:
        return [Given(**{key: _revealed(value) for key, value in each.items()}) for each in json.load(lines)]


def _put(resources: list[Given], changes: Iterable[Mapping[str, Any]]) -> list[Given]:
    """Change inputs of these resources and return them; AssertionError for a change of a resource that there is not."""
    for change in changes:
        found = [each for each in resources if each.type == change["type"] and change["name"] in ("*", each.name)]
        assert found, f"no {change['type']} is called {change['name']}"
        for each in found:
            holder: Any = each.inputs
            *path, last = change["at"].split(".")
            for key in path:
                holder = holder[key]
            holder[last] = change["value"]
    return resources


def _copy(resources: list[Given], change: Mapping[str, Any]) -> Given:
    """Return another resource like the one of this type and name, with these inputs."""
    (found,) = [each for each in resources if (each.type, each.name) == (change["type"], change["name"])]
    urn = found.urn.rpartition("::")[0] + f"::{change['as']}"
    return replace(found, urn=urn, inputs={**found.inputs, **change["inputs"]})


def _revealed(node: Any) -> Any:
    """Return a value with secrets in clear and archives as the engine passes them: as something of its own."""
    if isinstance(node, Mapping):
        if node.keys() == {"secret"}:
            return node["secret"]
        return object() if node.keys() == {"archive"} else {key: _revealed(value) for key, value in node.items()}
    return [_revealed(each) for each in node] if isinstance(node, list) else node
