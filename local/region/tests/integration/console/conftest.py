"""Consoles of two small projects for these tests: one adds nothing to its console, the other a kind of thing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from integration.console.canned import PLAN, USUAL
from integration.console.console_process import RunningConsole, console_of

from localregion.testing.services import RunningPostgres

DATABASE, PASSWORD = "things", "not-a-secret-in-a-test"
EXTENDED = Path(__file__).parent / "extended_project"


@pytest.fixture(scope="session")
def things_dsn(postgres: RunningPostgres) -> Iterator[str]:
    """An empty database; the address is its master user's."""
    postgres.bootstrap(database=DATABASE, user="things_master", password=PASSWORD)
    yield f"postgresql://things_master:{PASSWORD}@{postgres.host}:{postgres.port}/{DATABASE}"
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="session")
def plain(things_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    project = tmp_path_factory.mktemp("project")
    (project / "pyproject.toml").write_text("[tool.localregion]\n")
    with console_of(project, tmp_path_factory.mktemp("state"), PLAN, {"postgres": things_dsn}) as running:
        yield running


@pytest.fixture
def console(plain: RunningConsole) -> RunningConsole:
    """The console of a project without extension, before neighbours that answer as usual."""
    plain.neighbours.answers = dict(USUAL)
    plain.neighbours.asked.clear()
    return plain


@pytest.fixture(scope="session")
def extended(things_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """The console of a project whose extension adds things to it."""
    with console_of(EXTENDED, tmp_path_factory.mktemp("state"), PLAN, {"postgres": things_dsn}) as running:
        running.neighbours.answers = dict(USUAL)
        yield running
