"""`python -m localregion.package.uv pip …`: run uv with the package index that pip is configured for.

uv does not read pip's configuration; a mirror that is said once, to pip, is used by both. Where uv's own variables name
an index, that one is used. Nothing is printed: addresses may hold passwords.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

# pip's settings, uv's variables, and what stands between several values there.
_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}
_INDEX_OF_UV = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
# pip's sections, the strongest last.
_SECTIONS = ("global", "install", ":env:")


@dataclass(frozen=True, kw_only=True)
class Index:
    """Where packages come from, as uv is told: environment variables, and what it has none for."""

    environment: Mapping[str, str]
    flags: tuple[str, ...] = ()


def configured_index(outside: Mapping[str, str] = os.environ) -> Index:
    """Return pip's index, or uv's own where the environment outside names one."""
    if any(name in outside for name in _INDEX_OF_UV):
        return Index(environment=outside)
    settings = _pip_settings(outside)
    translated = {
        variable: between.join(_usable(settings[setting].split()))
        for setting, (variable, between) in _VARIABLES.items()
        if setting in settings
    }
    # pip takes a version from any of its indexes, uv from the first that has the package.
    if "extra-index-url" in settings:
        translated["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    flags = ("--no-index",) if settings.get("no-index", "0").lower() in ("1", "on", "true", "yes") else ()
    return Index(environment={**translated, **outside}, flags=flags)


def _usable(words: list[str]) -> list[str]:
    """Leave out folders that do not exist, as pip does."""
    return [word for word in words if not word.startswith(("/", ".")) or Path(word).exists()]


def _pip_settings(outside: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings by their names without section; none where there is no pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, env=outside, capture_output=True, text=True, check=False).stdout
    pairs = [line.split("=", 1) for line in listed.splitlines() if "=" in line]
    found = {name: str(ast.literal_eval(value)) for name, value in pairs}
    return {
        name.removeprefix(f"{section}."): value
        for section in _SECTIONS
        for name, value in found.items()
        if name.startswith(f"{section}.")
    }


def main() -> int:
    index = configured_index()
    return subprocess.call([find_uv_bin(), *sys.argv[1:], *index.flags], env=index.environment)


if __name__ == "__main__":
    sys.exit(main())
