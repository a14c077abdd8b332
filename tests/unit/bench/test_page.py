"""The table of docs/figures.md: what one run measured, and nothing of the run before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proof.bench.figures import Budget, Reference, Row, Sample, Skipped
from proof.bench.page import PAGE, NoRunError, latest, rendered

FRAME = "before\n<!-- run: `make figures` -->\n{}\n<!-- end -->\nafter\n"
MISSED = Row(
    row="relay",
    measured="20,000 due rows",
    ours=Sample((2000.0, 1000.0, 3000.0), "msg/s"),
    beside="the commit before",
    theirs=Sample((1000.0, 1000.0, 1000.0), "msg/s"),
    ratio=2.0,
    budget=Budget(figure="ratio", at="least", limit=2.2),
    load=(0.25, 1.0),
)
RUN = {
    "machine": {"cpus": 2, "processor": None, "architecture": "aarch64", "python": "3.13.1"},
    "load": {"before": 0.2, "after": 1.9},
    "seconds": 600,
    "base": "abc1234",
    "rows": [MISSED.to_json(), Skipped("pages", "no room").to_json()],
    "references": [Reference("a POST", "1,999 req/s", "another machine").to_json()],
}


def test_a_run_replaces_the_one_before_and_leaves_the_rest() -> None:
    page = rendered(FRAME.format("an old table"), json.loads(json.dumps(RUN)), name="2026-11-29T06-40-16.json")
    assert page.startswith("before\n<!-- run: `make figures` -->\nOf 2026-11-29, 06:40 UTC: 2 processors (aarch64)")
    assert page.endswith("\n<!-- end -->\nafter\n")
    assert "an old table" not in page
    assert (
        "| `relay` | 20,000 due rows | 2,000 msg/s (1,000..3,000) | the commit before | 1,000 msg/s (1,000..1,000)"
        " | 2.00 | >= 2.2 | 0.2 to 1.0 | **MISSED** |" in page
    )
    assert "- `pages` was not measured: no room" in page
    assert "- For reference, a POST: 1,999 req/s (another machine)" in page
    assert rendered(page, RUN, name="2026-11-29T06-40-16.json") == page


def test_the_page_has_the_place_that_a_run_is_written_to() -> None:
    assert "Of 2000-01-01" in rendered(PAGE.read_text(), RUN, name="2000-01-01T00-00-00.json")


def test_without_a_name_it_is_the_newest_run(tmp_path: Path) -> None:
    with pytest.raises(NoRunError, match="make bench"):
        latest(tmp_path)
    for name in ("2026-11-29T06-40-16.json", "2026-11-30T00-00-00.json", "relay.json"):
        (tmp_path / name).touch()
    assert latest(tmp_path).name == "2026-11-30T00-00-00.json"
