"""What the system promises, and how fast it may use up what the promise leaves: burn-rate alarms over two windows.

An objective of 99.9 % leaves 0.1 % to fail. At a burn rate of 14.4 a fiftieth of a month's budget is gone in an hour,
at 6 a twentieth in six hours (https://sre.google/workbook/alerting-on-slos/). A short window beside each long one ends
the alarm soon after its cause.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from components.alarms.gateway import share
from components.alarms.model import Alarm, Metric, all_of, counted
from components.alarms.watched import Watched


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A share of good ones; with fewer than `at_least` in a window nothing is said."""

    target: float
    promise: str
    at_least: int


@dataclass(frozen=True, kw_only=True)
class Burn:
    """A multiple of the rate at which the whole budget would last a month, over a long and a short window."""

    rate: float
    windows: Mapping[str, int]


ACCEPTED = Objective(target=0.999, promise="requests answered other than 5xx", at_least=100)
INVOICED = Objective(target=0.995, promise="invoices issued within 90 s of their order", at_least=100)
OBJECTIVES = {"accepted": ACCEPTED, "invoiced": INVOICED}
BURNS = (
    Burn(rate=14.4, windows={"1h": 3600, "5m": 300}),
    Burn(rate=6, windows={"6h": 21_600, "30m": 1800}),
)


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    of_balancer = partial(Metric, namespace="AWS/ApplicationELB", dimensions={"LoadBalancer": watched.balancer})
    consumer = watched.consumers["invoices"]
    return {
        **_burning(
            "accepted",
            metrics={
                "requests": of_balancer(name="RequestCount"),
                "failed": of_balancer(name="HTTPCode_Target_5XX_Count"),
                "refused": of_balancer(name="HTTPCode_ELB_5XX_Count"),
            },
            bad="(FILL(failed, 0) + FILL(refused, 0))",
            all_="(FILL(requests, 0) + FILL(refused, 0))",
        ),
        **_burning(
            "invoiced",
            metrics={"issued": counted(consumer, "InvoicesIssued"), "late": counted(consumer, "InvoicesLate")},
            bad="FILL(late, 0)",
            all_="FILL(issued, 0)",
        ),
    }


def rule_of(name: str) -> str:
    """The rule of the composite: either burn, each over both of its windows."""
    return " OR ".join(all_of(*(f"{name}-{window}" for window in burn.windows)) for burn in BURNS)


def _burning(name: str, *, metrics: Mapping[str, Metric], bad: str, all_: str) -> dict[str, Alarm]:
    objective = OBJECTIVES[name]
    return {
        f"{name}-{window}": Alarm(
            metrics=metrics,
            expression=share(bad, all_, at_least=objective.at_least),
            threshold=round(burn.rate * (1 - objective.target), 6),
            period_s=seconds,
            meaning=f"Over {window}: {burn.rate:g} times what {objective.target:.1%} of {objective.promise} leave.",
        )
        for burn in BURNS
        for window, seconds in burn.windows.items()
    }
