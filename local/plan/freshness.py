"""Whether a plan file was made from the sources as they are now, so that `make up` need not evaluate the program again.

The fingerprint covers every file that the program reads (a test holds it to that), the collector and the lock file.
"""

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from pathlib import Path

# From the project's root: what the program is, what it reads, and what turns it into a plan.
SOURCES = (
    "infra",
    "kong",
    "migrations",
    "functions/release",
    "layers/contracts/python/contracts",
    "local/plan",
    "requirements.lock",
)


def fingerprint(root: Path, stack: str) -> str:
    """Return a hash of the stack's name and of the names and contents of all sources."""
    digest = hashlib.sha256(stack.encode())
    for path in source_files(root):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def source_files(root: Path) -> Iterator[Path]:
    """Yield the files that a plan is made from."""
    for source in SOURCES:
        path = root / source
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)


@contextlib.contextmanager
def alone(plan: Path) -> Iterator[None]:
    """Wait until nobody else makes this plan; its folder has to exist. Who waited finds it fresh."""
    with _note(plan).open("a") as note:
        fcntl.flock(note, fcntl.LOCK_EX)
        yield


def is_fresh(plan: Path, made_from: str) -> bool:
    """Tell whether `plan` was written from sources with this fingerprint."""
    note = _note(plan)
    return plan.is_file() and note.is_file() and note.read_text() == made_from


def remember(plan: Path, made_from: str) -> None:
    """Note beside the plan what it was made from."""
    _note(plan).write_text(made_from)


def _note(plan: Path) -> Path:
    return plan.with_name(plan.name + ".made-from")
