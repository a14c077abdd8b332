"""When schedules run."""

import pytest

from localregion.aws.schedules import first_due, next_due, period_s


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), ("rate(1 day)", 86_400)],
)
def test_a_rate_is_a_number_of_seconds(expression, seconds):
    assert period_s(expression) == seconds


@pytest.mark.parametrize(
    "expression", ["cron(0 1 * * ? *)", "rate(0 minutes)", "rate(1 second)", "at(2026-01-01T00:00:00)"]
)
def test_another_expression_is_refused(expression):
    with pytest.raises(ValueError, match="is not emulated"):
        period_s(expression)


def test_the_first_run_comes_one_period_after_the_start():
    assert first_due(1000.0, 60.0, remembered=None) == 1060.0


def test_a_restart_keeps_the_cadence():
    assert first_due(1000.0, 60.0, remembered=1010.0) == 1010.0
    assert first_due(1000.0, 60.0, remembered=900.0) == 900.0


def test_a_remembered_time_never_postpones_by_more_than_a_period():
    assert first_due(1000.0, 60.0, remembered=5000.0) == 1060.0


def test_the_next_run_stays_on_the_beat():
    assert next_due(1000.0, 1000.2, 60.0) == 1060.0


def test_missed_runs_are_not_made_up_for():
    assert next_due(1000.0, 1130.0, 60.0) == 1180.0
