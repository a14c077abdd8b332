"""Whether a plan file was made from the sources as they are now, so that `make up` need not evaluate the program again.

The fingerprint covers the program, what it reads by `[tool.localregion]`, and the collector.
"""

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from localregion.project import Project

# What turns the program into a plan.
_HERE = Path(__file__).resolve().parent
_COLLECTOR = {"plan": _HERE, "project.py": _HERE.parent / "project.py", "errors.py": _HERE.parent / "errors.py"}


def fingerprint(project: Project, stack: str) -> str:
    """Return a hash of the stack's name, of what the project says, and of the names and contents of all sources."""
    said = {**asdict(project), "root": None, "stack": stack}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, path in source_files(project):
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def source_files(project: Project) -> Iterator[tuple[str, Path]]:
    """Yield the files that a plan is made from, each by a name that is the same wherever the project stands."""
    sources = {name: project.root / name for name in (project.program, *project.program_reads)}
    for source, folder in {**sources, **_COLLECTOR}.items():
        files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"{source}/{file.relative_to(folder).as_posix()}", file


@contextlib.contextmanager
def alone(plan: Path) -> Iterator[None]:
    """Hold this plan's lock; its folder has to exist. A process that waited for the lock finds the plan fresh."""
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
