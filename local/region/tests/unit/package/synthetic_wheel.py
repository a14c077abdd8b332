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
    about = f"{name}-1.0.dist-info"
    requirement = f"Requires-Dist: {requires}\n" if requires else ""
    content = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requirement}",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{inside},,\n" for inside in [*content, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**content, f"{about}/RECORD": record}.items():
            archive.writestr(inside, text)
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
