"""The schema of the database and its history: the only owner of every table, role and grant.

`upgrade` is what the `release` function runs at deploy time; `alembic -c migrations/alembic.ini` is for developers.
Each migration is committed by itself: one that fails leaves those before it, and the next run goes on with it. One that
finds a table locked lets go at once and is tried again, until a deadline. SQLAlchemy is imported here and nowhere in
the request path.
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import errors
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from migrations.session import session

FOLDER = Path(__file__).parent
DEADLINE_S = 240.0
# In which whatever waited behind a migration gets on: longer than a migration holds the queue.
PAUSE_MIN_S = 1.0
PAUSE_MAX_S = 8.0
LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)

_LOG = logging.getLogger(__name__)


def configuration() -> Config:
    """Alembic's configuration; the database is given by `upgrade` or on the command line (`-x url=…`)."""
    config = Config()
    # A percent sign begins an interpolation there.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def head() -> str:
    """The newest revision."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    assert revision is not None  # noqa: S101 - there is a first migration
    return revision


def upgrade(url: URL, revision: str = "head", *, deadline_s: float = DEADLINE_S) -> None:
    """Bring the database at `url` to `revision`; two at a time wait for each other.

    Raises what the last attempt raised when a table was still locked after `deadline_s`, MigrationsBusyError when
    another run took all that time, and at once whatever else is wrong.
    """
    _run(url, lambda config: command.upgrade(config, revision), deadline_s=deadline_s)


def downgrade(url: URL, revision: str, *, deadline_s: float = DEADLINE_S) -> None:
    """Take the database at `url` back to `revision` (`base` for empty); the roles stay, they belong to the server."""
    _run(url, lambda config: command.downgrade(config, revision), deadline_s=deadline_s)


def _run(url: URL, action: Callable[[Config], None], *, deadline_s: float) -> None:
    deadline = time.monotonic() + deadline_s
    for pause_s in _pauses():
        try:
            with session(url, deadline=deadline) as connection:
                config = configuration()
                config.attributes["connection"] = connection
                return action(config)
        except OperationalError as error:
            if not isinstance(error.orig, LOCKED) or time.monotonic() + pause_s > deadline:
                raise
            _LOG.warning("a table is locked, again in %.0f s: %s", pause_s, error.statement)
        time.sleep(pause_s)
    return None


def _pauses() -> Iterator[float]:
    return (min(PAUSE_MIN_S * 2**attempt, PAUSE_MAX_S) for attempt in itertools.count())
