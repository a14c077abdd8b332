"""`python locked_packages.py --group NAME… PACKAGE…`: the part of requirements.lock that these need, hashes and all.

One lock file serves everybody; an image installs the packages that it needs from it, at the locked versions. Which
package needs which is what the lock file's own `# via` comments say. pip refuses the result if one were missing.
Standard library only: it runs where nothing is installed yet.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path.cwd()


class UnknownPackageError(Exception):
    """A package is asked for that the lock file does not have."""


def selected(lock: str, wanted: Iterable[str]) -> str:
    """Return the entries of `wanted` and of all that they need. Raises UnknownPackageError."""
    entries = {_name(entry): entry for entry in re.split(r"\n(?=\S)", lock.strip())}
    needed_by = {name: _parents(entry) for name, entry in entries.items()}
    found, fresh = set[str](), set(wanted)
    if unknown := sorted(fresh - entries.keys()):
        raise UnknownPackageError(f"requirements.lock does not have {', '.join(unknown)}")
    while fresh:
        found |= fresh
        fresh = {name for name, parents in needed_by.items() if parents & fresh} - found
    return "".join(f"{entry}\n" for name, entry in entries.items() if name in found)


def _parents(entry: str) -> set[str]:
    return set(re.findall(r"#\s+(?:via )?([\w.-]+)$", entry, re.MULTILINE))


def group(pyproject: str, name: str) -> list[str]:
    """Return the names of the packages of a dependency group."""
    return [_name(requirement) for requirement in tomllib.loads(pyproject)["dependency-groups"][name]]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", action="append", default=[], help="a dependency group of pyproject.toml")
    parser.add_argument("packages", nargs="*")
    options = parser.parse_args(arguments)
    pyproject = (ROOT / "pyproject.toml").read_text()
    wanted = {*options.packages, *(package for name in options.group for package in group(pyproject, name))}
    try:
        print(selected((ROOT / "requirements.lock").read_text(), wanted), end="")
    except UnknownPackageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
