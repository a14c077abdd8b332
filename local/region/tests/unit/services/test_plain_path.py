"""Paths for programs that take only plain ones."""

from pathlib import Path

from localregion.services.plain_path import plain_path


def test_a_plain_path_stays_as_it_is() -> None:
    assert plain_path(Path("/home/some-one/project_1/.local")) == Path("/home/some-one/project_1/.local")


def test_any_other_path_has_a_plain_link_that_is_made_anew_when_it_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "a 'b' %c"
    folder.mkdir()
    for _ in range(2):
        link = plain_path(folder)
        assert link.resolve() == folder.resolve()
        assert plain_path(link) == link
        link.unlink()
