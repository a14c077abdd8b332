"""One archive of the plan: what it is made from, and its files, which are read when they are asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localregion.package import entries as files
from localregion.package.bytecode import Compiler
from localregion.package.entries import Entries
from localregion.package.errors import PackagingError
from localregion.plan.model import Function, Plan
from localregion.plan.sources import is_archive, layer_name, source_folders

# A change of how we package is a change of the archives.
_PACKAGER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """`path` is below `dist/`; `below` the folder in the archive, `place` where Lambda unpacks it."""

    path: str
    below: str
    place: str
    sources: dict[str, Path]
    third_party: Mapping[str, Entries] = field(default_factory=dict)

    def packages(self) -> dict[str, Entries]:
        """Return the files by the package that they come from, ours first."""
        own = files.read_sources(self.sources, below=self.below)
        packages = {"(ours)": own} if own else {}
        for name, content in self.third_party.items():
            packages[name] = {f"{self.below}{path}": entry for path, entry in content.items()}
        return packages

    def made_from(self, packages: Mapping[str, Entries], compiler: Compiler | None) -> str:
        """Return a hash over all that decides about the archive's bytes."""
        parts = [
            [name, path, entry.is_executable, _sha256(entry.content)]
            for name, content in packages.items()
            for path, entry in sorted(content.items())
        ]
        parts += [[path.name, _sha256(path.read_bytes())] for path in sorted(_PACKAGER.glob("*.py"))]
        return _sha256(json.dumps([*parts, compiler.version if compiler else None]).encode())

    def all_files(self, packages: Mapping[str, Entries], compiler: Compiler | None) -> tuple[Entries, dict[str, int]]:
        """Return the archive's files and the unpacked size of each package in it, bytecode included."""
        found: Entries = {}
        sizes: dict[str, int] = {}
        for name, content in packages.items():
            if compiler is not None:
                content = {**content, **compiler.compile(content, place=self.place)}
            if twice := sorted(found.keys() & content.keys()):
                raise PackagingError(f"{name} brings {twice[0]} into {self.path}, which has one already")
            found |= content
            sizes[name] = files.size(content)
        return found, sizes


def artefacts(plan: Plan, root: Path, third_party: Mapping[str, dict[str, Entries]]) -> list[Artefact]:
    """Return what the plan's functions and layers are, each once. Layers that are ARNs belong to others."""
    layers = sorted({layer for function in plan.functions for layer in own_layers(function)})
    return [
        *(_layer(path, root, third_party.get(layer_name(path), {})) for path in layers),
        *(_function(path, root) for path in sorted({function.code for function in plan.functions})),
    ]


def own_layers(function: Function) -> list[str]:
    return [layer for layer in function.layers if is_archive(layer)]


def below_dist(path: str) -> str:
    """Return `layers/contracts.zip` for `dist/layers/contracts.zip`."""
    return "/".join(Path(path).parts[-2:])


def _layer(path: str, root: Path, third_party: Mapping[str, Entries]) -> Artefact:
    return Artefact(
        path=below_dist(path),
        below="python/",
        place="/opt",
        sources=source_folders(path, root),
        third_party=third_party,
    )


def _function(path: str, root: Path) -> Artefact:
    name = Path(path).stem
    if not (root / "functions" / name).is_dir():
        raise PackagingError(f"the plan wants {path}, and there is no folder functions/{name}")
    return Artefact(path=below_dist(path), below="", place="/var/task", sources={name: root / "functions" / name})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
