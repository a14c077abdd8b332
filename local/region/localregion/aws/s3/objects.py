"""The objects of one bucket, a file each: a line of JSON that describes it, and its content.

A file is replaced in one step, so a reader sees the former object or the new one, also after a crash. No key leads out
of the folder: a file's name holds no separator.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

_SUFFIX = ".object"
# File systems take 255 bytes.
_LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is known of an object beside its content; `headers` are those that are given back as they came."""

    key: str
    etag: str
    modified: float
    headers: dict[str, str] = field(default_factory=dict)


class Objects:
    """One bucket's folder, made with the first object."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: bytes, *, headers: Mapping[str, str], now: float) -> Described:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        described = Described(key=key, etag=f'"{digest}"', modified=now, headers=dict(headers))
        path = self._path(key)
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        # Readable by its owner only, as secrets are.
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_bytes(json.dumps(asdict(described)).encode() + b"\n" + content)
        draft.replace(path)
        return described

    def describe(self, key: str) -> Described | None:
        """Return what is known of an object, None where there is none; its content is not read."""
        try:
            with self._path(key).open("rb") as file:
                return Described(**json.loads(file.readline()))
        except FileNotFoundError:
            return None

    def get(self, key: str) -> tuple[Described, bytes] | None:
        try:
            with self._path(key).open("rb") as file:
                return Described(**json.loads(file.readline())), file.read()
        except FileNotFoundError:
            return None

    def _path(self, key: str) -> Path:
        name = quote(key, safe="")
        if len(name) > _LONGEST_NAME:
            # No quoted name has the sign.
            name = "=" + hashlib.sha256(key.encode()).hexdigest()
        return self._folder / f"{name}{_SUFFIX}"
