"""The schema of the database and its history: the only owner of every table, role and grant.

`upgrade` is what the `release` function runs at deploy time; `alembic -c migrations/alembic.ini` is for developers.
SQLAlchemy is imported here and nowhere in the request path.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine
from sqlalchemy.pool import NullPool

FOLDER = Path(__file__).parent


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


def upgrade(url: URL, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`; two at a time wait for each other."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: URL, revision: str) -> None:
    """Take the database at `url` back to `revision` (`base` for empty); the roles stay, they belong to the server."""
    _run(url, lambda config: command.downgrade(config, revision))


def _run(url: URL, action) -> None:  # type: ignore[no-untyped-def]
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        action(config)
