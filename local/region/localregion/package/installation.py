"""Let uv install a dependency group for the target: wheels at the versions of requirements.lock, by its hashes.

Nothing is ever built from source. What uv's cache has already needs no network.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from localregion.package.errors import NetworkError, PackagingError
from localregion.package.target import Target
from localregion.package.uv import Index

_NO_ANSWER = re.compile(r"error sending request|timed out|HTTP status server error|network was disabled")
_ADVICE = {
    "no trusted hash": "the lock lacks a package: run `make lock`",
    "no usable wheels": "choose a version that ships a wheel, Lambda cannot build it",
    "has no wheels with": "choose a version that ships a wheel for it, Lambda cannot build it",
    "Hash mismatch": "the index serves another file than the one that was locked",
}


@dataclass(frozen=True, kw_only=True)
class Installer:
    """`root` has pyproject.toml and requirements.lock, `cache` is uv's alone; `excluded` are never installed."""

    root: Path
    cache: Path
    target: Target
    index: Index
    excluded: frozenset[str]

    def install(self, group: str, folder: Path) -> Path:
        """Install into `folder`, a new one, and return the prefix. Raises NetworkError, PackagingError."""
        prefix, excludes = folder / "prefix", folder / "excludes.txt"
        excludes.write_text("".join(f"{name}\n" for name in sorted(self.excluded)))
        command = [*self._command(), "--group", group, "--excludes", str(excludes), "--prefix", str(prefix)]
        # An index may have moved on or be away; what is locked and here is right all the same.
        without_network = self._run([*command, "--offline"])
        complaint = self._run(command) if without_network else ""
        if complaint:
            raise self._error(group, complaint, without_network)
        return prefix

    def _command(self) -> list[str]:
        return [
            *(find_uv_bin(), "pip", "install", "--quiet", "--no-python-downloads", "--python", sys.executable),
            *("--only-binary", ":all:", "--require-hashes", "--constraint", "requirements.lock"),
            *("--cache-dir", str(self.cache), *self.target.uv_arguments(), *self.index.flags),
        ]

    def _run(self, command: list[str]) -> str:
        """Return what uv complains of; nothing when it has installed."""
        child = subprocess.run(
            command, cwd=self.root, env=self.index.environment, capture_output=True, text=True, check=False
        )
        complaint = re.sub(r"://[^/@\s]+@", "://", child.stderr.strip())
        return (complaint or f"uv ended with status {child.returncode}") if child.returncode else ""

    def _error(self, group: str, complaint: str, without_network: str) -> PackagingError:
        wanted = f"group {group!r} for {self.target.name}"
        if _NO_ANSWER.search(complaint):
            return NetworkError(
                f"the package index does not answer, and {self.cache} lacks wheels of {wanted}:\n{without_network}"
            )
        advice = "".join(f"; {advice}" for sign, advice in _ADVICE.items() if sign in complaint)
        return PackagingError(f"uv cannot install {wanted} from requirements.lock{advice}:\n{complaint}")
