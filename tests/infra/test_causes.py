"""One cause raises one alarm that people hear of: the rules of composite alarms, played through."""

import re
from collections.abc import Iterable, Mapping

import pytest
from tests.infra.program import ROOT
from tests.infra.test_monitoring import watched

from components.alarms import objectives
from components.alarms.causes import composites_of, section_of, told
from components.alarms.every import alarms_of

PAGE = (ROOT / "docs" / "operations.md").read_text()
ALARMS = alarms_of(watched())
COMPOSITES = composites_of(ALARMS)
TOLD = told(ALARMS, COMPOSITES)
TABLE = re.findall(
    r"^\| ([^|`]+) \| (`[^|]+) \| (`[^|]+) \|$", PAGE.split("## One cause, one mail")[1].split("\n## ")[0], re.MULTILINE
)


def states(alarming: Iterable[str]) -> Mapping[str, bool]:
    """The state of every alarm while these metrics are beyond their thresholds."""
    known = dict.fromkeys(ALARMS, False) | dict.fromkeys(alarming, True)
    assert known.keys() == ALARMS.keys(), "there are no others"
    for name, composite in COMPOSITES.items():
        said = re.sub(r"ALARM\(([\w-]+)\)", lambda child: str(known[child[1]]), composite.rule)
        for word, operator in (("AND", "and"), ("OR", "or"), ("NOT", "not")):
            said = said.replace(word, operator)
        known[name] = bool(eval(said))  # noqa: S307 (a rule of ours, made of True and False)
    return known


def mails(alarming: Iterable[str]) -> set[str]:
    """Of whom people hear, once each waited for a cause."""
    known = states(alarming)
    suppressors = {name: composite.suppressed_by for name, composite in COMPOSITES.items()}
    return {name for name in TOLD if known[name] and not known.get(suppressors.get(name) or "", False)}


def named(cell: str) -> list[str]:
    return re.findall(r"`([\w-]+)`", cell)


@pytest.mark.parametrize(("cause", "raised", "mailed"), TABLE, ids=[row[0] for row in TABLE])
def test_a_cause_raises_what_the_table_says_and_mails_once(cause: str, raised: str, mailed: str) -> None:
    during, _, afterwards = raised.partition("; afterwards ")
    known = named(during)

    assert len(named(mailed)) == 1, cause
    assert mails(known) == set(named(mailed))
    # What follows once the cause is over is held back by the extension.
    assert mails([*known, *named(afterwards)]) == set(named(mailed))


def test_the_table_has_every_cause() -> None:
    assert len(TABLE) > 10
    assert {mail for _, _, cell in TABLE for mail in named(cell)} >= {"database-away", "broker-away", "gateway-away"}


def test_every_alarm_by_itself_is_heard_of() -> None:
    """But for the windows of an objective and for halves of a cause: only two of them together say something."""
    silent = {name for name in ALARMS if not mails([name])}

    assert silent == {name for name in ALARMS if re.fullmatch(r"(accepted|invoiced)-\d+[mh]", name)}
    for name in objectives.OBJECTIVES:
        for burn in objectives.BURNS:
            assert len(mails([f"{name}-{window}" for window in burn.windows])) == 1


def test_a_composite_refers_to_what_is_made_before_it() -> None:
    made = set(ALARMS)
    for name, composite in COMPOSITES.items():
        assert {*composite.children(), *filter(None, [composite.suppressed_by])} <= made
        made.add(name)


def test_every_alarm_has_a_section_that_names_it_and_every_section_of_the_alarms_has_one() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings]
    assert len(anchors) == len(set(anchors)), "of two alike only one can be linked to"

    sections = {name: section_of(name, COMPOSITES, TOLD) for name in [*ALARMS, *COMPOSITES]}
    bodies = dict(zip(anchors, re.split(r"^#+ .+$", PAGE, flags=re.MULTILINE)[1:], strict=True))
    assert set(sections.values()) <= bodies.keys()
    for name, section in sections.items():
        if section != name and name in ALARMS:
            assert f"`{name}`" in bodies[section], f"{section} does not name {name}"
    below = re.findall(r"^### (.+)$", PAGE.split("\n## Alarms\n")[1].split("\n## ")[0], re.MULTILINE)
    assert {*below} | {"parked-messages", "unmatched-payments"} == TOLD


def test_the_page_states_the_objectives_as_they_are() -> None:
    stated = re.findall(r"^\| `(\w+)` \| ([\d.]+) % \|", PAGE, re.MULTILINE)

    targets = {name: objective.target for name, objective in objectives.OBJECTIVES.items()}
    assert {name: round(float(percent) / 100, 6) for name, percent in stated} == targets
    for burn in objectives.BURNS:
        assert f"{burn.rate:g}" in PAGE


def test_the_thresholds_follow_from_the_objectives() -> None:
    assert {name: ALARMS[name].threshold for name in ("accepted-1h", "accepted-30m", "invoiced-5m", "invoiced-6h")} == {
        "accepted-1h": 0.0144,
        "accepted-30m": 0.006,
        "invoiced-5m": 0.072,
        "invoiced-6h": 0.03,
    }
    for name in ("accepted-1h", "invoiced-6h"):
        assert ALARMS[name].period_s == {"1h": 3600, "6h": 21_600}[name.partition("-")[2]]
