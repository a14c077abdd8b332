"""The project whose program runs here: what its `pyproject.toml` tells the platform in `[tool.localregion]`.

Everything has a default, so a program that keeps to them needs an empty table. Paths are relative to the project's
root, which is the folder of that file.
"""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from localregion.errors import CommandError

TABLE = "localregion"
# What makes this package importable for a process that we start: the checkout's folder, or site-packages.
PACKAGE_PARENT = Path(__file__).resolve().parent.parent


class ProjectError(CommandError):
    """There is no project here, or its `[tool.localregion]` cannot be used; the text names the file and the key."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Where a layer comes from when that is not `layers/NAME/python`.

    `sources`: folders called `python`, whose entries are mounted, or packages, which are mounted by their names.
    `group`: the dependency group whose packages the layer holds; here the virtual environment stands in for them.
    """

    sources: tuple[str, ...] = ()
    group: str | None = None


DEFAULT_LAYERS = {"dependencies": Layer(group="functions")}


@dataclass(frozen=True, kw_only=True)
class Project:
    """What a program tells the platform.

    `program`: the folder of `Pulumi.yaml`. `program_reads`: what else a plan is made from, files or folders. `layers`:
    by name, where they come from. `gateway`: the type of the component that is Kong, with the inputs `version` and
    `declarative_config`. `gateway_container`: the container that is Kong in a service of ECS, for a region that was
    deployed. `queues`: what RabbitMQ has before a function is invoked. `source_roots`: what goes on the
    import path for `extension`, the module with what this project registers (`localregion.extension`). `command`: what
    messages tell a user to run, `localregion` or, where a Makefile has the same targets, `make`.
    """

    root: Path
    program: str = "infra"
    program_reads: tuple[str, ...] = ()
    layers: Mapping[str, Layer] = field(default_factory=lambda: dict(DEFAULT_LAYERS))
    gateway: str | None = None
    gateway_container: str | None = None
    queues: tuple[str, ...] = ()
    source_roots: tuple[str, ...] = ()
    extension: str | None = None
    command: str = TABLE

    @property
    def import_path(self) -> list[str]:
        """The source roots as absolute paths; a pattern such as `layers/*/python` stands for all that it matches."""
        return [str(path) for pattern in self.source_roots for path in self._matching(pattern)]

    def _matching(self, pattern: str) -> list[Path]:
        # The root itself is no pattern to pathlib.
        return [self.root] if pattern == "." else sorted(self.root.glob(pattern))

    def load_extension(self) -> ModuleType | None:
        """Import the project's extension. Behind all else on the path, so that it hides no module of ours."""
        if self.extension is None:
            return None
        sys.path.extend(path for path in self.import_path if path not in sys.path)
        return importlib.import_module(self.extension)


def read(root: Path) -> Project:
    """Return what the file in `root` says; the defaults where it says nothing or is missing. Raises ProjectError."""
    root = root.resolve()
    table = _table(root / "pyproject.toml") or {}
    given = {key.replace("-", "_"): value for key, value in table.items()}
    known = Project.__dataclass_fields__.keys() - {"root"}
    if unknown := sorted(given.keys() - known):
        names = ", ".join(sorted(name.replace("_", "-") for name in known))
        raise ProjectError(f"{root / 'pyproject.toml'}: [tool.{TABLE}] has no {unknown[0]}; it takes {names}")
    for name, value in given.items():
        given[name] = _checked(name, value, root)
    return Project(root=root, **given)


def find(start: Path) -> Project:
    """Return the project that a folder belongs to: the nearest one upwards with the table. Raises ProjectError."""
    for folder in (start.resolve(), *start.resolve().parents):
        if _table(folder / "pyproject.toml") is not None:
            return read(folder)
    raise ProjectError(f"no pyproject.toml with [tool.{TABLE}] in {start} or above it")


def current() -> Project:
    """Return the project of the working directory. Raises ProjectError."""
    return find(Path.cwd())


def command(name: str, variable: str = "") -> str:
    """Return how this project's users say a command, for messages: `make up`, or `localregion up`.

    `variable` is one such as `GATEWAY_PORT=8001`, which make takes as an argument and a shell in front.
    """
    try:
        program = current().command
    except ProjectError:
        program = TABLE
    words = [program, name, variable] if program == "make" else [variable, program, name]
    return " ".join(filter(None, words))


def main(_arguments: Sequence[str]) -> int:
    """`python -m localregion import-path`: print the source roots, for tools that have to be told."""
    print(os.pathsep.join(current().import_path))  # noqa: T201
    return 0


def _table(path: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ProjectError(f"{path}: {error}") from error
    table = document.get("tool", {}).get(TABLE)
    if table is not None and not isinstance(table, dict):
        raise ProjectError(f"{path}: tool.{TABLE} is a table")
    return table


def _checked(name: str, value: Any, root: Path) -> Any:
    where = f"{root / 'pyproject.toml'}: {name.replace('_', '-')}"
    if name == "layers":
        if not isinstance(value, dict):
            raise ProjectError(f"{where} is a table, a table for each layer")
        return DEFAULT_LAYERS | {layer: _layer(table, f"{where}.{layer}") for layer, table in value.items()}
    if name in ("program_reads", "queues", "source_roots"):
        return _texts(value, where)
    if not isinstance(value, str):
        raise ProjectError(f"{where} is {value!r}, a text is needed")
    return value


def _layer(value: Any, where: str) -> Layer:
    if not isinstance(value, dict) or value.keys() - {"sources", "group"}:
        raise ProjectError(f"{where} is {value!r}; a layer has sources, group or both")
    group = value.get("group")
    if group is not None and not isinstance(group, str):
        raise ProjectError(f"{where}.group is {group!r}, a text is needed")
    return Layer(sources=_texts(value.get("sources", []), f"{where}.sources"), group=group)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ProjectError(f"{where} is {value!r}, a list of texts is needed")
    return tuple(value)
