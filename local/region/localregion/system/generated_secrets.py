"""Values for the secrets that the plan only names: generated once, kept from then on, never part of the plan."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localregion.system.folder import write_private

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32

Secrets = dict[str, dict[str, str]]


def fill(plan_secrets: Mapping[str, Mapping[str, Any]], known: Mapping[str, Mapping[str, str]]) -> Secrets:
    """Return a value for every field of every secret of the plan.

    A field that the plan spells out is taken from there; a generated one (`{"$secret": name}`) keeps its known value or
    gets a new one. Known secrets that the plan no longer names are kept: they may be named again.
    """
    filled = {name: dict(values) for name, values in known.items()}
    for name, specification in plan_secrets.items():
        values = filled.get(name, {})
        filled[name] = {field: _value(entry, values.get(field)) for field, entry in specification.items()}
    return filled


def load_and_fill(path: Path, plan_secrets: Mapping[str, Mapping[str, Any]]) -> Secrets:
    """Fill from the file and write it back, mode 0600, when something was added or changed."""
    known = json.loads(path.read_text()) if path.exists() else {}
    filled = fill(plan_secrets, known)
    if filled != known:
        write_private(path, json.dumps(filled, indent=2) + "\n")
    return filled


def _value(entry: Any, known: str | None) -> str:
    if isinstance(entry, dict) and set(entry) == {"$secret"}:
        return known or _generate()
    return str(entry)


def _generate() -> str:
    # Letters and digits only: valid in a URL, a connection string and a header as they are.
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
