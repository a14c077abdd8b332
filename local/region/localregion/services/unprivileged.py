"""Run a program as an ordinary user when we are root, for programs that refuse root (Postgres).

The user is `nobody`: every Unix has it, so nothing is added to the machine. When a parent folder is closed to it (a
clone below a 0700 home), the program gets the one Linux capability that lets it pass closed folders; where the machine
withholds that too, ClosedFolderError names the folder. An ordinary user's programs are started as they are.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

USER = "nobody"

# Bits of capabilities(7); the first that we hold is handed on. Containers often have only the second.
_PASSES_CLOSED_FOLDERS = {"dac_read_search": 2, "dac_override": 1}
_SETPCAP = 8
# access(2) asks without the capabilities of a user that root became, unless the process has this bit: initdb looks for
# its server that way. What the program may do is not changed by it: at exec only the ambient capability is left.
_KEEP_IN_ACCESS = "--securebits=+no_setuid_fixup"


class ClosedFolderError(Exception):
    """The ordinary user cannot reach a file that it needs."""


def command(argv: Sequence[str], *, needs: Sequence[Path]) -> list[str]:
    """Return `argv` as it has to be started here; `needs` are the paths that the program must reach."""
    if os.geteuid() != 0:
        return list(argv)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ClosedFolderError("started by root without `setpriv` (package util-linux): run it as an ordinary user")
    user = pwd.getpwnam(USER)
    prefix = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    closed = closed_folder(needs)
    if closed is None:
        return [*prefix, "--", *argv]
    capability = _capability_to_pass(closed)
    passing = [f"--inh-caps=-all,+{capability}", f"--ambient-caps=+{capability}", _KEEP_IN_ACCESS]
    return [*prefix, *passing, "--", *argv]


def make_empty_folder(folder: Path) -> None:
    """Leave an empty 0700 folder that belongs to the ordinary user."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    hand_over(folder)


def hand_over(path: Path) -> None:
    """Give a file or folder to the ordinary user, if we are root."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        os.chown(path, user.pw_uid, user.pw_gid)


def closed_folder(paths: Sequence[Path]) -> Path | None:
    """Return the topmost parent folder of the paths that is closed to other users, None when there is none."""
    for path in paths:
        for parent in reversed(path.resolve().parents):
            if not parent.stat().st_mode & stat.S_IXOTH:
                return parent
    return None


def held_capabilities(status: str) -> int:
    """Return the effective capabilities that a text of `/proc/self/status` tells, as a bit mask; psutil has none."""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _capability_to_pass(closed: Path) -> str:
    held = held_capabilities(Path("/proc/self/status").read_text())
    for name, bit in _PASSES_CLOSED_FOLDERS.items():
        if held >> bit & 1 and held >> _SETPCAP & 1:
            return name
    raise ClosedFolderError(
        f"{USER}, who runs Postgres when root starts it, may not pass {closed}: "
        f"`chmod o+x {closed}`, clone somewhere else, or run it as an ordinary user"
    )
