"""Fetch locked wheels once and keep them; each is compared with the hashes of the lock whenever it is used.

pip does the fetching, from whichever index it is configured for: wheels only, nothing is ever built. What is here
already needs no network.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from localregion.package.errors import NetworkError, PackagingError
from localregion.package.lock import Locked
from localregion.package.target import Target

_NO_ANSWER = ("connection broken by", "NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError")
_NO_WHEEL = ("No matching distribution found", "Could not find a version that satisfies")


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A file whose hash is in the lock."""

    package: Locked
    path: Path
    sha256: str


class WheelCache:
    """A folder of wheels for any target, and how to get more for this one."""

    def __init__(self, folder: Path, target: Target) -> None:
        self._folder = folder
        self._target = target
        self._rank = {tag: rank for rank, tag in enumerate(target.tags())}

    def fetch(self, packages: Iterable[Locked]) -> list[Wheel]:
        """Return a wheel of every package, by name. Raises NetworkError, and PackagingError naming the package."""
        wanted = sorted(packages, key=lambda package: package.name)
        missing = [package for package in wanted if self._find(package) is None]
        if missing:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._download(missing)
        found = [(package, self._find(package)) for package in wanted]
        if lost := [package.name for package, wheel in found if wheel is None]:
            raise PackagingError(f"pip left no wheel that the lock knows of {', '.join(lost)}")
        return [wheel for _, wheel in found if wheel is not None]

    def _find(self, package: Locked) -> Wheel | None:
        """Return the wheel that is here and fits best; a file whose hash is not in the lock is none."""
        for path in sorted(self._folder.glob("*.whl"), key=self._rank_of):
            name, version, _, tags = parse_wheel_filename(path.name)
            if name == package.name and str(version) == package.version and not tags.isdisjoint(self._rank):
                sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
                if sha256 in package.hashes:
                    return Wheel(package=package, path=path, sha256=sha256)
                path.unlink()
        return None

    def _rank_of(self, path: Path) -> tuple[int, str]:
        tags = parse_wheel_filename(path.name)[3]
        return min(self._rank.get(tag, len(self._rank)) for tag in tags), path.name

    def _download(self, packages: list[Locked]) -> None:
        with tempfile.NamedTemporaryFile("w", prefix="requirements-", suffix=".txt") as file:
            file.writelines(_requirement(package) for package in packages)
            file.flush()
            command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download"]
            command += ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--retries", "2", "--timeout", "20"]
            command += [*self._target.pip_arguments(), "--dest", str(self._folder), "--requirement", file.name]
            pip = subprocess.run(command, capture_output=True, text=True, check=False)
        if pip.returncode:
            raise self._error(pip.stdout + pip.stderr, packages)

    def _error(self, output: str, packages: list[Locked]) -> PackagingError:
        if any(sign in output for sign in _NO_ANSWER):
            return NetworkError(
                f"pip's package index does not answer, and {len(packages)} wheels for {self._target.name} are not in "
                f"{self._folder} yet: {', '.join(package.name for package in packages)}"
            )
        if any(sign in output for sign in _NO_WHEEL):
            package = next((package for package in packages if _names(output, package)), packages[0])
            return PackagingError(
                f"there is no wheel of {package.name} {package.version} for {self._target.name} with a hash of the "
                "lock: choose a version that ships one, Lambda cannot build it"
            )
        return PackagingError("pip download failed:\n" + "\n".join(output.strip().splitlines()[-10:]))


def _requirement(package: Locked) -> str:
    hashes = " ".join(f"--hash=sha256:{sha256}" for sha256 in sorted(package.hashes))
    return f"{package.name}=={package.version} {hashes}\n"


def _names(output: str, package: Locked) -> bool:
    errors = [line for line in output.splitlines() if any(sign in line for sign in _NO_WHEEL)]
    words = " ".join(errors).replace("==", " ").split()
    return package.name in {canonicalize_name(word) for word in words}
