"""What the status says of the emulator, and how tables look."""

from typing import Any

import pytest

from localregion.system.status import _mapping_rows, _part_rows, table, unhealthy_reason

READY = {
    "ready": True,
    "functions": [],
    "mappings": [
        {"name": "m", "State": "Enabled", "StateTransitionReason": "USER_INITIATED", "last_result": "a batch failed"}
    ],
    "invocations": [{"name": "release", "function": "release", "state": "succeeded"}],
}


def test_a_ready_emulator_has_no_reason() -> None:
    assert unhealthy_reason(READY) is None


def test_a_silent_emulator_says_so() -> None:
    assert unhealthy_reason(None) == "does not answer"


def test_what_is_not_ready_is_named_with_its_reason() -> None:
    status = {
        **READY,
        "ready": False,
        "mappings": [{"name": "m", "State": "Disabled", "StateTransitionReason": "no such queue", "last_result": "OK"}],
        "invocations": [{"name": "release", "function": "release", "state": "retrying", "error": "no database"}],
    }
    assert unhealthy_reason(status) == ("release retrying: no database; event source mapping m Disabled: no such queue")


def test_a_mapping_is_shown_with_what_became_of_its_last_batch() -> None:
    assert _mapping_rows(READY) == [["m", "Enabled", "USER_INITIATED", "a batch failed"]]


RUNNING = {
    "state": "running",
    "answers": True,
    "frozen": False,
    "pid": 7,
    "address": "here",
    "restarts": 0,
    "failure": None,
}


@pytest.mark.parametrize(
    ("part", "phase", "state", "reason"),
    [
        ({}, "up", "running", ""),
        ({"answers": False}, "up", "running, does not answer", ""),
        ({"answers": False, "frozen": True}, "up", "running, does not answer", "frozen by SIGSTOP"),
        ({"state": "stopped"}, "up", "stopped", "SERVICE=gateway` starts it"),
        ({"state": "stopped"}, "booting", "stopped", ""),
        ({"state": "restarting", "failure": "ended with\nsignal 9"}, "up", "restarting", "ended with signal 9"),
    ],
)
def test_a_part_is_shown_with_what_is_the_matter(part: dict[str, Any], phase: str, state: str, reason: str) -> None:
    supervised = {"phase": phase, "failure": None, "pid": 1, "parts": {"gateway": RUNNING | part}}
    _, (name, shown, *_, why) = _part_rows(supervised)
    assert (name, shown) == ("gateway", state)
    assert reason in why if reason else why == ""


def test_a_boot_that_failed_says_where_and_why() -> None:
    [row] = _part_rows({"phase": "failed", "failure": {"part": "plan", "text": "no\nplan"}, "pid": 1, "parts": {}})
    assert row[-1] == "plan: no plan"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("a", "b"), [("longer", "1")]) == "a       b\nlonger  1"
