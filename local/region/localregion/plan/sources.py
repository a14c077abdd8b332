"""Where the source of a function or a layer of the plan stands in its project, by its name.

A function is `functions/NAME`. A layer is `layers/NAME/python` by the rule, and `[tool.localregion.layers]` names the
exceptions. Layers of third-party packages have no source: the virtual environment stands in for them. Where a layer
has a folder by the rule all the same, that is the layer: a root of unpacked archives (`make package`) is taken as it
is.
"""

from pathlib import Path

from localregion import project

_PYTHON = "python"


class UnknownLayerError(Exception):
    """The plan names a layer that has no source folder in this project."""


def is_archive(layer: str) -> bool:
    """Say whether a layer of the plan is one of ours; any other is an ARN."""
    return not layer.startswith("arn:")


def layer_name(layer: str) -> str:
    """Return `contracts` for `dist/layers/contracts.zip`."""
    return Path(layer).stem


def function_folder(code: str, root: Path) -> Path:
    """Return the package that stands in for a function's archive: `functions/NAME` for `dist/functions/NAME.zip`."""
    return root / "functions" / Path(code).stem


def source_folders(layer: str, root: Path) -> dict[str, Path]:
    """Map each top-level entry below the layer's `python/` to its source: `{"contracts": root/layers/contracts/…}`.

    `layer` is a layer's name or its archive in the plan. Empty for third-party packages. Raises UnknownLayerError.
    """
    name = layer_name(layer)
    by_rule = root / "layers" / name / _PYTHON
    exceptions = project.read(root).layers
    if by_rule.is_dir() or name not in exceptions:
        return _mounted(by_rule, name, root)
    sources = [root / source for source in exceptions[name].sources]
    return {entry: path for source in sources for entry, path in _mounted(source, name, root).items()}


def _mounted(source: Path, name: str, root: Path) -> dict[str, Path]:
    if not source.is_dir():
        raise UnknownLayerError(f"layer {name!r} has no folder {source.relative_to(root)} in this project")
    if source.name != _PYTHON:
        return {source.name: source}
    return {entry.name: entry for entry in sorted(source.iterdir()) if entry.name != "__pycache__"}
