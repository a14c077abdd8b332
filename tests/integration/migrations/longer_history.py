"""Migrations that only a test has, after the project's own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import migrations
from alembic.config import Config

FILE = '''
"""Only a test's."""

from alembic import op
from migrations.indexes import create_index, drop_index

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
{up}


def downgrade() -> None:
{down}
'''


def longer_history(folder: Path, steps: list[tuple[str, str]]) -> Callable[[], Config]:
    """Write a migration for each pair of statements, up and down; returns what replaces `migrations.configuration`.

    Their revisions are `test1`, `test2` and so on.
    """
    before = migrations.head()
    for number, (up, down) in enumerate(steps, start=1):
        revision = f"test{number}"
        body = FILE.format(revision=revision, before=before, up=_indented(up), down=_indented(down))
        (folder / f"{revision}.py").write_text(body)
        before = revision
    own = migrations.configuration

    def configuration() -> Config:
        config = own()
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", f"{migrations.FOLDER / 'versions'}\n{folder}")
        return config

    return configuration


def _indented(statements: str) -> str:
    return textwrap.indent(statements, "    ")
