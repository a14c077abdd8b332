"""`make psql`: a shell in the running system's database, as its master user."""

from __future__ import annotations

import os
import shutil

from localregion.errors import CommandError
from localregion.services.postgres_package import packaged_bin_dir
from localregion.system import endpoints
from localregion.system.endpoints import NotRunningError
from localregion.system.folder import Folder


class NoDatabaseError(CommandError):
    """The program has none, so there is nothing to open a shell in."""


def psql(folder: Folder) -> None:
    """Become `psql`: the system's, which knows its terminal better, or else the one beside our server."""
    known = endpoints.load(folder)
    if "postgres" not in known:
        raise NoDatabaseError("the program has no database")
    program = shutil.which("psql") or str(packaged_bin_dir() / "psql")
    # In the environment and not among the arguments, which every user of the machine may read.
    dsn, password = _without_password(known["postgres"])
    try:
        os.execve(program, [program, dsn], {**os.environ, "PGPASSWORD": password})  # noqa: S606
    except FileNotFoundError:
        raise NotRunningError("psql is not installed: `apt-get install postgresql-client`") from None


def _without_password(dsn: str) -> tuple[str, str]:
    scheme, _, rest = dsn.partition("://")
    credentials, _, address = rest.rpartition("@")
    user, _, password = credentials.partition(":")
    return f"{scheme}://{user}@{address}", password
