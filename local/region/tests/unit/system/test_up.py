"""What `make up` says when it is interrupted."""

import pytest

from localregion.system import up


def test_a_boot_that_is_no_longer_watched_is_said_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), up._going_on_when_interrupted():
        raise KeyboardInterrupt
    said = capsys.readouterr().err
    assert "the boot goes on" in said
    assert "down` ends it" in said


def test_an_error_is_no_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(up.UpError), up._going_on_when_interrupted():
        raise up.UpError("no")
    assert capsys.readouterr().err == ""
