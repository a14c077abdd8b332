"""The functions that run, as data: each with its versions, each version with its code, and what its aliases point to.

A plan gives every function the versions `$LATEST` and `1`, and its aliases point to `1`; both have the sources.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localregion.aws.lambda_.functions.code import FunctionCode
from localregion.aws.lambda_.functions.names import LATEST, PUBLISHED
from localregion.aws.settings import Settings
from localregion.plan.model import Function, Plan


class Code(Protocol):
    """Code on this machine; `version` grows whenever `check` finds that it changed."""

    @property
    def task_root(self) -> Path: ...
    @property
    def layers_root(self) -> Path: ...
    @property
    def site_packages(self) -> Path | None: ...
    @property
    def python(self) -> str: ...
    @property
    def version(self) -> int: ...
    def check(self) -> int: ...
    def content_hash(self) -> bytes: ...
    def size(self) -> int: ...
    def last_modified(self) -> datetime.datetime: ...


@dataclass(frozen=True, kw_only=True)
class DeployedVersion:
    """One version: its configuration and its code."""

    function: Function
    code: Code


@dataclass(frozen=True, kw_only=True)
class DeployedFunction:
    """`versions` has `$LATEST` and what was published, `aliases` the version of each alias."""

    versions: Mapping[str, DeployedVersion]
    aliases: Mapping[str, str]

    @property
    def latest(self) -> DeployedVersion:
        return self.versions[LATEST]


def deployed_from_sources(plan: Plan, settings: Settings) -> dict[str, DeployedFunction]:
    """Return a plan's functions by name. Raises CodeNotFoundError when the source tree lacks one."""
    return {function.name: _from_sources(function, settings) for function in plan.functions}


def _from_sources(function: Function, settings: Settings) -> DeployedFunction:
    code = FunctionCode(function, root=settings.root, state=settings.functions_state)
    version = DeployedVersion(function=function, code=code)
    return DeployedFunction(
        versions={LATEST: version, PUBLISHED: version}, aliases=dict.fromkeys(function.aliases, PUBLISHED)
    )
