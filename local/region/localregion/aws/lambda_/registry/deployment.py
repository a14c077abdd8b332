"""What was made by calls, as it runs: functions with their code, the settings of events, and mappings.

`deployed` is the description that `LambdaService` takes; `plan_part` is the same in the words of the plan.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from localregion.aws.event_source_mappings.running import DeployedMapping
from localregion.aws.lambda_.functions.deployed import DeployedFunction, DeployedVersion
from localregion.aws.lambda_.functions.names import LATEST
from localregion.aws.lambda_.registry.archives import Archives
from localregion.aws.lambda_.registry.bare_python import bare_python
from localregion.aws.lambda_.registry.call import Place
from localregion.aws.lambda_.registry.state import Document, State, StoredFunction, Version
from localregion.plan.model import EventInvokeConfig, EventSourceMapping, Function

_PYTHON = "python"


@dataclass(frozen=True, kw_only=True)
class ArchiveCode:
    """Code that was uploaded. It never changes; two that are equal are the same code."""

    task_root: Path
    opt: Path
    runtime: str
    python: str
    archive: Path
    version: int = 1

    @property
    def layers_root(self) -> Path:
        return self.opt / _PYTHON

    @property
    def site_packages(self) -> Path | None:
        folder = self.layers_root / "lib" / self.runtime / "site-packages"
        return folder if folder.is_dir() else None

    def check(self) -> int:
        return self.version

    def content_hash(self) -> bytes:
        return bytes.fromhex(self.archive.stem)

    def size(self) -> int:
        return self.archive.stat().st_size

    def last_modified(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.archive.stat().st_mtime, datetime.UTC)


class Deployment:
    """Reads a state, with the archives beside it."""

    def __init__(self, archives: Archives, place: Place, *, pythons: Path) -> None:
        self._archives = archives
        self._place = place
        self._pythons = pythons

    def functions(self, state: State) -> dict[str, DeployedFunction]:
        """Return what runs, by name."""
        return {name: self._deployed(name, stored) for name, stored in sorted(state.functions.items())}

    def event_invoke_configs(self, state: State) -> list[EventInvokeConfig]:
        return [
            EventInvokeConfig(
                function=name,
                qualifier=None if qualifier == LATEST else qualifier,
                maximum_retry_attempts=config.get("MaximumRetryAttempts"),
                maximum_event_age_s=config.get("MaximumEventAgeInSeconds"),
            )
            for name, stored in sorted(state.functions.items())
            for qualifier, config in sorted(stored.event_invoke_configs.items())
        ]

    def keep_what_is_used(self, state: State) -> None:
        """Remove the archives that nothing needs any more. No function may run yet."""
        opts = {code.opt for deployed in self.functions(state).values() for code in _codes(deployed)}
        self._archives.keep_only(state.archives(), opts)

    @cached_property
    def _python(self) -> str:
        return str(bare_python(self._pythons))

    def _deployed(self, name: str, stored: StoredFunction) -> DeployedFunction:
        versions = {LATEST: stored.latest, **stored.published}
        return DeployedFunction(
            versions={number: self._version(name, version, stored) for number, version in versions.items()},
            aliases={alias: entry["FunctionVersion"] for alias, entry in stored.aliases.items()},
        )

    def _version(self, name: str, version: Version, stored: StoredFunction) -> DeployedVersion:
        configuration = version.configuration
        archive = self._archives.path(version.archive)
        function = Function(
            name=name,
            arn=self._place.function_arn(name),
            handler=configuration["Handler"],
            runtime=configuration["Runtime"],
            architecture=configuration["Architectures"][0],
            memory_mb=configuration["MemorySize"],
            timeout_s=configuration["Timeout"],
            environment=configuration.get("Environment", {}).get("Variables", {}),
            code=str(archive),
            layers=[layer["Arn"] for layer in configuration.get("Layers", ())],
            reserved_concurrency=stored.reserved_concurrency,
            aliases=sorted(stored.aliases),
        )
        code = ArchiveCode(
            task_root=self._archives.unpacked(version.archive),
            opt=self._archives.merged(version.layer_archives),
            runtime=function.runtime,
            python=self._python,
            archive=archive,
        )
        return DeployedVersion(function=function, code=code)


def mappings(state: State) -> list[DeployedMapping]:
    return [_mapping(mapping_id, entry) for mapping_id, entry in state.mappings.items()]


def mapping_document(deployed: DeployedMapping, *, tags: dict[str, str]) -> Document:
    """Return a mapping as it is kept."""
    kept = {"event_source_arn": deployed.event_source_arn, "modified_at": deployed.modified_at, "tags": tags}
    return {**asdict(deployed.mapping), **kept}


def plan_mappings(state: State) -> list[EventSourceMapping]:
    """Return the mappings as a plan has them: each has its queue's name, and names its secret and not its ARN."""
    found = [_mapping(mapping_id, entry).mapping for mapping_id, entry in state.mappings.items()]
    named = [replace(mapping, name=mapping.queue, secret=secret_name(mapping.secret)) for mapping in found]
    return sorted(named, key=lambda mapping: mapping.name)


def secret_name(arn: str) -> str:
    """Return the name of a secret by its ARN, which ends in a dash and six characters of Secrets Manager's."""
    name = arn.partition(":secret:")[2]
    return name[:-7] if name else arn


def _mapping(mapping_id: str, entry: Document) -> DeployedMapping:
    members: dict[str, Any] = {field.name: entry[field.name] for field in fields(EventSourceMapping)}
    return DeployedMapping(
        mapping_id=mapping_id,
        mapping=EventSourceMapping(**members),
        event_source_arn=entry["event_source_arn"],
        modified_at=entry["modified_at"],
    )


def _codes(deployed: DeployedFunction) -> Iterable[ArchiveCode]:
    return (version.code for version in deployed.versions.values() if isinstance(version.code, ArchiveCode))
