"""Who imports whom, by the syntax tree: modules of several source roots, and the circles among them.

A module that imports `package.module` is not said to import `package`, unless it takes a name from it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path


def modules(folders: Mapping[Path, Path]) -> dict[str, Path]:
    """Return the modules by name of each folder, by the source root that their names are relative to."""
    found = {}
    for root, folder in folders.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_graph(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Return which of these modules each one imports, wherever in it."""
    return {
        name: {known for wanted in _imports(name, path) if (known := _known(wanted, modules))} - {name}
        for name, path in modules.items()
    }


def cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other."""
    reached = {name: _reachable(name, graph) for name in graph}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return sorted(list(group) for group in groups)


def _imports(name: str, path: Path) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _known(wanted: str, modules: Mapping[str, Path]) -> str | None:
    """Return the module that holds a name: itself one, or the nearest part in front of it."""
    while wanted and wanted not in modules:
        wanted = wanted.rpartition(".")[0]
    return wanted or None


def _reachable(name: str, graph: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    left = list(graph[name])
    while left:
        if (other := left.pop()) not in reached:
            reached.add(other)
            left += graph[other]
    return reached
