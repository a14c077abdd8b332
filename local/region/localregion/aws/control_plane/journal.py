"""Every call that changed something, in order, each with its time and the seed of its random numbers.

moto keeps everything in memory. Its state after a restart is that of the same calls with the same numbers at the same
times, so ids, generated secrets and dates are what they were. A call is in the journal before it is answered; a line
that a crash has cut off is dropped, for nothing was answered then. The file holds secrets: only its owner reads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localregion.aws.control_plane.call import Call, from_json


@dataclass(frozen=True, slots=True)
class Entry:
    """A call, when it was processed (seconds since 1970), and the seed."""

    call: Call
    time_s: float
    seed: int


class Journal:
    """Not for two threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(self._descriptor, 0o600)

    def entries(self) -> Iterator[Entry]:
        """Yield what was written, and cut off a last line that was not written whole."""
        kept = 0
        with self._path.open("rb") as lines:
            for line in lines:
                if (entry := _parse(line)) is None:
                    break
                kept += len(line)
                yield entry
        os.ftruncate(self._descriptor, kept)

    def append(self, entry: Entry) -> None:
        """Add an entry. Raises OSError, and nothing is added then."""
        end = os.fstat(self._descriptor).st_size
        try:
            self._write(entry)
        except OSError:
            os.ftruncate(self._descriptor, end)
            raise

    def _write(self, entry: Entry) -> None:
        fields = {"time": entry.time_s, "seed": entry.seed, **entry.call.to_json()}
        line = json.dumps(fields, separators=(",", ":")) + "\n"
        rest = memoryview(line.encode())
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        os.close(self._descriptor)


def _parse(line: bytes) -> Entry | None:
    if not line.endswith(b"\n"):
        return None
    fields: dict[str, Any] = json.loads(line)
    return Entry(from_json(fields), fields["time"], fields["seed"])
