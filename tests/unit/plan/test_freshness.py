"""When a plan need not be made again."""

import shutil
import threading
from pathlib import Path

import pytest

from plan.freshness import SOURCES, alone, fingerprint, is_fresh, remember

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for source in SOURCES:
        path = tmp_path / "project" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, path)
    return tmp_path / "project"


@pytest.mark.parametrize(
    "changed", ["infra/__main__.py", "kong/kong.yml", "migrations/env.py", "local/plan/mocks.py", "requirements.lock"]
)
def test_a_change_of_any_source_changes_the_fingerprint(root: Path, changed: str) -> None:
    before = fingerprint(root, "local")

    (root / changed).write_text((root / changed).read_text() + "\n")

    assert fingerprint(root, "local") != before


def test_another_stack_has_another_fingerprint(root: Path) -> None:
    assert fingerprint(root, "local") != fingerprint(root, "dev")


def test_bytecode_changes_nothing(root: Path) -> None:
    before = fingerprint(root, "local")

    (root / "infra" / "__pycache__").mkdir(exist_ok=True)
    (root / "infra" / "__pycache__" / "x.pyc").write_bytes(b"x")

    assert fingerprint(root, "local") == before


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
