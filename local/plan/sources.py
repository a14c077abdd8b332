"""Where the source of a layer of the plan stands in this project, by the layer's name.

The one list of what is not obvious: a function takes five layers, so the folders of outside systems are published
together as `systems`; `migrations` is a top-level folder that the layer mounts as a package; layers of third-party
packages have no source here at all, the virtual environment stands in for them. Where a layer has a folder all the
same, that is the layer: a root of unpacked archives (`make package`) is taken as it is.
"""

from pathlib import Path

MIGRATIONS_LAYER = "migrations"
THIRD_PARTY_LAYERS = frozenset({"dependencies"})
# Layers that are published together: the folders below `layers/` of each.
TOGETHER = {"systems": ("aws_api", "postgres", "rabbitmq", "tracing")}


class UnknownLayerError(Exception):
    """The plan names a layer that has no source folder in this project."""


def is_archive(layer: str) -> bool:
    """Say whether a layer of the plan is one of ours; any other is an ARN, somebody else's."""
    return not layer.startswith("arn:")


def layer_name(layer: str) -> str:
    """Return `contracts` for `dist/layers/contracts.zip`."""
    return Path(layer).stem


def source_folders(layer: str, root: Path) -> dict[str, Path]:
    """Map each top-level entry below the layer's `python/` to its source: `{"contracts": root/layers/contracts/…}`.

    `layer` is a layer's name or its archive in the plan. Empty for third-party packages. Raises UnknownLayerError.
    """
    name = layer_name(layer)
    if not _python(name, root).is_dir():
        if name in THIRD_PARTY_LAYERS:
            return {}
        if name == MIGRATIONS_LAYER:
            return {name: root / "migrations"}
    folders = [name] if _python(name, root).is_dir() else TOGETHER.get(name, [name])
    return {entry.name: entry for folder in folders for entry in _entries(folder, root)}


def _entries(name: str, root: Path) -> list[Path]:
    python = _python(name, root)
    if not python.is_dir():
        raise UnknownLayerError(f"layer {name!r} has no folder {python.relative_to(root)} in this project")
    return [entry for entry in sorted(python.iterdir()) if entry.name != "__pycache__"]


def _python(name: str, root: Path) -> Path:
    return root / "layers" / name / "python"
