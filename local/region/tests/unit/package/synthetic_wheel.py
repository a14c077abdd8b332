"""Wheels made here, and the lock that knows them."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path


def write_wheel(
    folder: Path, name: str, files: dict[str, str], *, requires: str = "", tag: str = "py3-none-any"
) -> str:
    """Write a wheel of version 1.0; return its block of a lock file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-{tag}.whl"
    requirement = f"Requires-Dist: {requires}\n" if requires else ""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requirement}"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in {**files, f"{name}-1.0.dist-info/METADATA": metadata}.items():
            archive.writestr(inside, content)
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
