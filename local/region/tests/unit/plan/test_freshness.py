"""When a plan need not be made again."""

import shutil
import threading
from pathlib import Path

import pytest

from localregion import project as projects
from localregion.plan.freshness import alone, fingerprint, is_fresh, remember
from localregion.project import Project

ROOT = Path(__file__).resolve().parents[5]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    described = projects.read(ROOT)
    for source in (described.program, *described.program_reads, "pyproject.toml"):
        path = tmp_path / "project" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, path)
    return projects.read(tmp_path / "project")


@pytest.mark.parametrize("changed", ["infra/__main__.py", "kong/kong.yml", "migrations/env.py", "requirements.lock"])
def test_a_change_of_any_source_changes_the_fingerprint(project: Project, changed: str) -> None:
    before = fingerprint(project, "local")

    (project.root / changed).write_text((project.root / changed).read_text() + "\n")

    assert fingerprint(project, "local") != before


def test_another_stack_has_another_fingerprint(project: Project) -> None:
    assert fingerprint(project, "local") != fingerprint(project, "dev")


def test_bytecode_changes_nothing(project: Project) -> None:
    before = fingerprint(project, "local")

    (project.root / "infra" / "__pycache__").mkdir(exist_ok=True)
    (project.root / "infra" / "__pycache__" / "x.pyc").write_bytes(b"x")

    assert fingerprint(project, "local") == before


def test_a_plan_is_fresh_only_as_long_as_it_is_there_and_its_sources_are_the_same(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert not is_fresh(plan, "abc")

    plan.write_text("{}")
    assert not is_fresh(plan, "abc")
    remember(plan, "abc")
    assert is_fresh(plan, "abc")
    assert not is_fresh(plan, "def")
    plan.unlink()
    assert not is_fresh(plan, "abc")


def test_who_waited_for_another_finds_the_plan_fresh(tmp_path: Path) -> None:
    plan, found = tmp_path / "plan.json", []
    other = threading.Thread(target=lambda: found.append(_fresh_when_alone(plan)))

    with alone(plan):
        other.start()
        plan.write_text("{}")
        remember(plan, "abc")
    other.join()

    assert found == [True]


def _fresh_when_alone(plan: Path) -> bool:
    with alone(plan):
        return is_fresh(plan, "abc")
