"""A path without spaces and quotes, for RabbitMQ's start scripts, which split and evaluate what they are given.

Where a folder's own path has such characters, a link in a private folder below /tmp leads to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from pathlib import Path

from localregion.errors import CommandError

_PLAIN = re.compile(r"[A-Za-z0-9_./+@-]+")


class LinkFolderError(CommandError):
    """The folder for links belongs to another user, or others may write into it."""


def plain_path(folder: Path) -> Path:
    """Return the folder itself if its path is plain, else a link to it, made anew when it is missing."""
    if _PLAIN.fullmatch(str(folder)):
        return folder
    links = _links()
    link = links / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder)
    return link


def _links() -> Path:
    links = Path(f"/tmp/localregion-{os.geteuid()}")  # noqa: S108 - checked below
    with contextlib.suppress(FileExistsError):
        links.mkdir(mode=0o700)
    found = links.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise LinkFolderError(f"{links} has to be a folder that only this user may use: remove it")
    return links
