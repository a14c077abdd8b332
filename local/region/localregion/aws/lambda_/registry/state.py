"""What was made by calls of Lambda's API, as data that is written as JSON.

Configurations are kept as AWS shows them, without what belongs to a version's name (its number and ARN) and without a
function's states, which are the same for all here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT = 1
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Version:
    """`$LATEST` or a published version; its archives, of the code and of its own layers, are named by their SHA-256."""

    configuration: Document
    archive: str
    layer_archives: list[str]


@dataclass(kw_only=True)
class StoredFunction:
    """One function with everything that is set on it. Settings of a version or an alias stand under its qualifier."""

    latest: Version
    published: dict[str, Version] = field(default_factory=dict)
    next_version: int = 1
    aliases: dict[str, Document] = field(default_factory=dict)
    reserved_concurrency: int | None = None
    event_invoke_configs: dict[str, Document] = field(default_factory=dict)
    policies: dict[str, Document] = field(default_factory=dict)
    runtime_management: dict[str, Document] = field(default_factory=dict)
    recursive_loop: str = "Terminate"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class StoredLayer:
    """One layer's versions by number, as AWS shows them, with the `archive` of each; a number is never used again."""

    versions: dict[str, Document] = field(default_factory=dict)
    next_version: int = 1


@dataclass(kw_only=True)
class State:
    """Everything. `mappings` are event source mappings by their UUID."""

    functions: dict[str, StoredFunction] = field(default_factory=dict)
    layers: dict[str, StoredLayer] = field(default_factory=dict)
    mappings: dict[str, Document] = field(default_factory=dict)

    def archives(self) -> set[str]:
        """Return the archives that something needs."""
        versions = [each for stored in self.functions.values() for each in (stored.latest, *stored.published.values())]
        used = {each.archive for each in versions} | {name for each in versions for name in each.layer_archives}
        return used | {entry["archive"] for layer in self.layers.values() for entry in layer.versions.values()}

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)})


def from_json(text: str) -> State:
    """Read what `to_json` wrote. ValueError for another format."""
    data = json.loads(text)
    if data.get("format") != FORMAT:
        raise ValueError(f"the registry of functions has format {data.get('format')}, this program reads {FORMAT}")
    return State(
        functions={name: _function(entry) for name, entry in data["functions"].items()},
        layers={name: StoredLayer(**entry) for name, entry in data["layers"].items()},
        mappings=data["mappings"],
    )


def _function(entry: Mapping[str, Any]) -> StoredFunction:
    published = {number: Version(**version) for number, version in entry["published"].items()}
    return StoredFunction(**{**entry, "latest": Version(**entry["latest"]), "published": published})
