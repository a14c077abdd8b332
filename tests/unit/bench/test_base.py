"""The commit before: a checkout of its own, kept while it is the one that is wanted."""

import subprocess
from pathlib import Path

import pytest

from proof.bench import base
from proof.bench.base import NoBaseError, checkout


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits; the second one has another lock file."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / ".venv").mkdir()
    for content in ("first", "second"):
        (root / "requirements.lock").write_text(content)
        git(root, "add", "requirements.lock")
        git(root, "commit", "--quiet", "--message", content)
    monkeypatch.setattr(base, "ROOT", root)
    monkeypatch.setattr(base._git, "__kwdefaults__", {"root": root})
    return root


def test_a_commit_is_checked_out_beside_what_is_measured(repository: Path, tmp_path: Path) -> None:
    first = checkout(tmp_path, "HEAD~1")
    assert (first / "requirements.lock").read_text() == "first"
    assert (repository / "requirements.lock").read_text() == "second"


def test_packages_are_shared_only_where_they_are_the_same(repository: Path, tmp_path: Path) -> None:
    assert not (checkout(tmp_path, "HEAD~1") / ".venv").exists()
    assert (checkout(tmp_path, "HEAD") / ".venv").resolve() == (repository / ".venv").resolve()


def test_packages_are_no_longer_shared_once_ours_are_others(repository: Path, tmp_path: Path) -> None:
    """Else its `make` would put the old ones into ours."""
    root = checkout(tmp_path, "HEAD")
    (repository / "requirements.lock").write_text("# a comment\nsecond")
    assert (checkout(tmp_path, "HEAD") / ".venv").is_symlink()
    (repository / "requirements.lock").write_text("third")
    assert not (checkout(tmp_path, "HEAD") / ".venv").is_symlink()
    assert root.exists()


def test_a_checkout_is_kept_until_another_commit_is_wanted(repository: Path, tmp_path: Path) -> None:
    kept = checkout(tmp_path, "HEAD~1") / "kept"
    kept.touch()
    checkout(tmp_path, "HEAD~1")
    assert kept.exists()
    assert (checkout(tmp_path, "HEAD") / "requirements.lock").read_text() == "second"
    assert not kept.exists()


def test_a_commit_that_is_none_is_said(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(NoBaseError, match="no such commit"):
        checkout(tmp_path, "no-such-commit")
