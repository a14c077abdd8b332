"""The embedded gateway against every recording of the real one: each case matches, or is refused when it starts.

`KONG_RECORDINGS` names another folder of recordings of the same kinds. The table is printed in any case.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from unit.kong import recordings
from unit.kong.conformance import DIFFERING, MATCHED, REFUSED, Outcome, nth_request, outcomes
from unit.kong.replay import replay
from unit.kong.stand_in import before_a_function, difference_before_a_function

from localregion.kong.plugins import SUPPORTED

KINDS = (MATCHED, REFUSED, DIFFERING)
# What Kong's own services were recorded with says how the same plugins behave in front of a function.
OF_SERVICES = [
    as_function
    for case in (recordings.cases("plugins") if "plugins" in recordings.names() else [])
    if (as_function := before_a_function(case)) is not None and recordings.is_taken(as_function)
]


@pytest.fixture(scope="module")
def results() -> dict[str, list[Outcome]]:
    found = {name: outcomes(name) for name in recordings.names()}
    assert found, f"no recordings in {recordings.FOLDER}"
    found["plugins, before a function"] = [_before_a_function(case) for case in OF_SERVICES]
    return {name: cases for name, cases in found.items() if cases}


def _before_a_function(case: recordings.Case) -> Outcome:
    difference = difference_before_a_function(case, replay(case, recordings.read(case), times=nth_request(case)))
    return Outcome(case["name"], DIFFERING if difference else MATCHED, difference)


def test_every_recorded_case_matches_or_is_refused_at_start(
    results: dict[str, list[Outcome]], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        # Where tests run in several processes, this is what reaches the terminal.
        print(f"\n\n{_table(results)}\n", file=sys.stderr)  # noqa: T201
    differing = [
        f"{name}: {case.case}: {case.why}" for name in results for case in results[name] if case.kind == DIFFERING
    ]
    assert differing == []


def _table(results: dict[str, list[Outcome]]) -> str:
    counts = {name: Counter(case.kind for case in cases) for name, cases in results.items()}
    counts["all"] = sum(counts.values(), Counter())
    lines = [f"{'recordings':26}" + "".join(f"{kind:>11}" for kind in KINDS)]
    lines += [f"{name:26}" + "".join(f"{count[kind]:>11}" for kind in KINDS) for name, count in counts.items()]
    return "\n".join(lines)


@pytest.mark.skipif(recordings.FOLDER != recordings.OWN_FOLDER, reason="the counts are those of the project's own copy")
def test_what_is_refused_has_not_grown(results: dict[str, list[Outcome]]) -> None:
    refused = {name: sum(case.kind == REFUSED for case in cases) for name, cases in results.items()}
    assert refused["aws_lambda_requests"] == 0
    # Without a region, and towards AWS's own endpoint.
    assert [case.case for case in results["aws_lambda_responses"] if case.kind == REFUSED] == [
        "no_region",
        "no_host_no_network",
    ]
    assert refused["content_type_case"] == 0
    assert refused["declarative_validation"] <= 7


def test_every_refusal_names_what_it_is_about(results: dict[str, list[Outcome]]) -> None:
    for case in (case for cases in results.values() for case in cases if case.kind == REFUSED):
        assert "in '" in case.why or "route '" in case.why or "kong.conf: '" in case.why or "aws-lambda: '" in case.why


@pytest.mark.skipif("plugin_priorities" not in recordings.names(), reason="not among these recordings")
def test_plugins_run_in_kongs_order() -> None:
    priorities = {entry["plugin"]: entry["priority"] for entry in recordings.load("plugin_priorities")["plugins"]}
    assert {name: plugin.priority for name, plugin in SUPPORTED.items()} == {
        name: priorities[name] for name in SUPPORTED
    }
