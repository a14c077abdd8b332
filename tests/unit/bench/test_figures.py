"""Medians, ratios, verdicts and the table of `make bench`."""

import json
from dataclasses import replace

import pytest

from proof.bench.figures import MET, MISSED, Budget, Reference, Row, Sample, Skipped, number, paired_ratio, table

AT_MOST_1_3 = Budget(figure="ratio", at="most", limit=1.3)


def row(*, ratio: float | None = 1.2, budget: Budget | None = AT_MOST_1_3, excused: str = "") -> Row:
    return Row(
        row="order",
        measured="warm POST /orders",
        ours=Sample((1.5, 1.1, 1.2), "ms"),
        beside="raw",
        theirs=Sample((1.0, 1.1, 0.9), "ms"),
        ratio=ratio,
        budget=budget,
        excused=excused,
    )


def test_a_sample_shows_its_median_and_its_range() -> None:
    assert str(Sample((3.0, 1.0, 200.0), "ms")) == "3.00 ms (1.00..200)"


@pytest.mark.parametrize(("value", "shown"), [(0.123, "0.12"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")])
def test_a_number_has_about_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # The machine was ten times slower in the second round, for both sides.
    assert paired_ratio([2.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == 2.0


def test_rounds_without_a_partner_are_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired_ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("budget", "verdict"),
    [
        (AT_MOST_1_3, MET),
        (Budget(figure="ratio", at="most", limit=1.2), MET),
        (Budget(figure="ratio", at="most", limit=1.1), MISSED),
        (Budget(figure="ratio", at="least", limit=0.75), MET),
        (Budget(figure="ratio", at="least", limit=2), MISSED),
        (Budget(figure="value", at="most", limit=1.19), MISSED),
        (Budget(figure="value", at="least", limit=1.2), MET),
        (None, ""),
    ],
)
def test_the_verdict_holds_the_ratio_or_the_median_to_the_budget(budget: Budget | None, verdict: str) -> None:
    assert row(budget=budget).verdict == verdict


def test_an_excuse_replaces_a_missed_budget_only() -> None:
    assert row(ratio=9.0, excused="COPY does not reach it either").verdict == "excused: COPY does not reach it either"
    assert row(ratio=1.0, excused="COPY does not reach it either").verdict == MET


def test_a_budget_for_a_ratio_needs_a_ratio() -> None:
    with pytest.raises(ValueError, match="no ratio"):
        _ = row(ratio=None).verdict


def test_the_table_aligns_its_columns_and_names_what_was_skipped() -> None:
    shown = table([row(), row(ratio=1.4), Skipped("invoke", "pip failed")]).splitlines()
    assert len(shown) == 5
    assert shown[2].index("1.20 ms") == shown[0].index("median (range)") == shown[3].index("1.20 ms")
    assert shown[2].endswith("  met")
    assert shown[3].endswith("  MISSED")
    assert shown[2].index("met") == shown[3].index("MISSED") == shown[0].index("verdict")
    assert shown[4] == "invoke: skipped, pip failed"


def test_a_table_of_nothing_but_skipped_rows_is_still_a_table() -> None:
    assert table([Skipped("up", "no make")]).splitlines()[-1] == "up: skipped, no make"


def test_json_keeps_every_round() -> None:
    written = json.loads(json.dumps(row().to_json()))
    assert written["values"] == [1.5, 1.1, 1.2]
    assert (written["median"], written["ratio"], written["verdict"]) == (1.2, 1.2, MET)


def test_the_load_before_and_after_stands_in_the_row_and_in_the_json() -> None:
    measured = replace(row(), load=(0.31, 2.04))
    assert "0.3 to 2.0" in table([measured])
    assert json.loads(json.dumps(measured.to_json()))["load"] == [0.31, 2.04]


def test_what_was_measured_elsewhere_stands_below_with_its_machine() -> None:
    shown = table([row()], [Reference("a POST", "1,999 req/s", "another machine")]).splitlines()
    assert shown[-1] == "for reference: a POST: 1,999 req/s (another machine)"
