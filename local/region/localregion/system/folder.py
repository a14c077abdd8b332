"""Where the local system keeps its state: one folder, `.local` unless LOCAL_DIR names another.

region.json   of `make region`: which region it is
ports.json    the ports of the last `make up`, where they are not the default ones
run/          the supervisor's own plan, its control socket, a record of each process
logs/         one file per part, functions/ one per function; the lines before the last 10 MB are in NAME.1
postgres/, rabbitmq/, emulator/     data
secrets.json, values.json, endpoints.json

What `infra/` is for this machine is no state: all systems of a checkout read it from `shared_plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localregion import project, rotation
from localregion.errors import CommandError

DEFAULT_FOLDER = ".local"


class FolderError(CommandError):
    """The state folder's path has a character that separates paths, or one that cannot be printed."""


@dataclass(frozen=True)
class Folder:
    """The paths below one state folder."""

    path: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Folder:
        """Raises FolderError for a path that no process can be told in a list of paths."""
        path = (project.current().root / environment.get("LOCAL_DIR", DEFAULT_FOLDER)).resolve()
        if unusable := [character for character in str(path) if character == ":" or not character.isprintable()]:
            raise FolderError(f"{str(path)!r} holds {unusable[0]!r}: move the project, or name another LOCAL_DIR")
        return cls(path)

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def plan(self) -> Path:
        """The running system's plan; `make plan` writes another file, so a plan for `prod` is never booted."""
        return self.run / "plan.json"

    @property
    def region(self) -> Path:
        """What makes this the folder of a region that others deploy into: which region it is."""
        return self.path / "region.json"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def values(self) -> Path:
        return self.path / "values.json"

    @property
    def endpoints(self) -> Path:
        return self.path / "endpoints.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def function_logs(self) -> Path:
        return self.logs / "functions"

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    def data(self, part: str) -> Path:
        return self.path / part

    def make(self) -> None:
        for folder in (self.run, self.function_logs):
            folder.mkdir(parents=True, exist_ok=True)


def shared_plan(root: Path) -> Path:
    """The plan of the stack `local`, which all systems of a checkout share."""
    return root / DEFAULT_FOLDER / "plans" / "local.json"


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; no other user may read it at any moment."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def last_lines(path: Path, count: int) -> str:
    """Return the end of a log, for the message about what failed."""
    return "\n".join(rotation.tail(path, 20_000).decode(errors="replace").splitlines()[-count:])
