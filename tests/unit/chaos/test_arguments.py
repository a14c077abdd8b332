"""What `make chaos` and `make soak` refuse before anything is booted, in one line."""

import pytest

import proof.chaos.__main__ as chaos
from proof.chaos import soak


@pytest.mark.parametrize("program", [chaos, soak])
@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "soon", "", "1e999"])
def test_a_duration_that_is_none_is_refused(program, seconds, capsys):
    with pytest.raises(SystemExit) as refused:
        program.main(["--seconds", seconds])
    assert refused.value.code == 2
    expected = f": argument --seconds: {seconds!r} is no number of seconds above 0\n"
    assert capsys.readouterr().err in ("chaos" + expected, "soak" + expected)


def test_a_seed_that_is_no_number_is_refused(capsys):
    with pytest.raises(SystemExit):
        chaos.main(["--seed", "abc"])
    assert capsys.readouterr().err == "chaos: argument --seed: invalid int value: 'abc'\n"
