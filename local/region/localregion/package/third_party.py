"""Which packages go into which layer: exactly what a dependency group needs on the target, and nothing twice.

What Lambda's runtime has by itself is left out: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from tempfile import TemporaryDirectory

from localregion import project
from localregion.package.entries import Entries
from localregion.package.installation import Installer
from localregion.package.site_packages import read_packages
from localregion.package.target import Target
from localregion.package.uv import configured_index

DEPENDENCIES_LAYER = "dependencies"
OF_THE_RUNTIME = frozenset({"awslambdaric", "boto3", "botocore", "s3transfer", "simplejson", "snapshot-restore-py"})


def layer_groups(root: Path) -> dict[str, str]:
    """Return the dependency group of each layer of the project that holds packages of others."""
    return {name: layer.group for name, layer in project.read(root).layers.items() if layer.group is not None}


def third_party_packages(layers: Set[str], *, root: Path, cache: Path, target: Target) -> dict[str, dict[str, Entries]]:
    """Return each layer's packages; a layer that stands on `dependencies` holds only what that one lacks."""
    installer = Installer(root=root, cache=cache, target=target, index=configured_index(), excluded=OF_THE_RUNTIME)
    found = {layer: _packages(group, installer) for layer, group in layer_groups(root).items() if layer in layers}
    below = found.get(DEPENDENCIES_LAYER, {}).keys()
    return {
        layer: {name: files for name, files in packages.items() if layer == DEPENDENCIES_LAYER or name not in below}
        for layer, packages in found.items()
    }


def _packages(group: str, installer: Installer) -> dict[str, Entries]:
    with TemporaryDirectory(prefix="package-") as folder:
        return read_packages(installer.install(group, Path(folder)))
