"""Which folders are closed to an ordinary user, and what we may do about it."""

from pathlib import Path

from localregion.services.unprivileged import closed_folder, held_capabilities


def test_the_topmost_closed_folder_is_named(tmp_path: Path) -> None:
    inner = tmp_path / "open" / "closed" / "data"
    inner.mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o001 == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o001)
    assert closed_folder([inner]) is None
    (tmp_path / "open" / "closed").chmod(0o700)
    assert closed_folder([tmp_path / "open", inner]) == tmp_path / "open" / "closed"


def test_capabilities_are_read_from_the_kernels_words() -> None:
    assert held_capabilities("Name:\tx\nCapPrm:\t00000000\nCapEff:\t0000000000000006\n") == 6
    assert held_capabilities("Name:\tx\n") == 0
