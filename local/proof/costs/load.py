"""The largest stack under a load: which part has to grow, and what each part then costs a month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from proof.costs.reckoning import HOURS, MONTH_S, assumptions, by_order, fixed, prices, task_hour
from proof.costs.stack import Stack

RATES = (1, 100, 1_000)


@dataclass(frozen=True, kw_only=True)
class Load:
    """A stack that takes `rate` orders a second all month."""

    stack: Stack
    rate: int

    @property
    def millions(self) -> float:
        """Orders in a month."""
        return self.rate * MONTH_S / 1e6

    @property
    def requests(self) -> int:
        return int(self.rate * assumptions()["order"]["requests"])

    @property
    def tasks(self) -> int:
        """Kong's tasks: as many as the requests ask for, at least those that always run."""
        return max(self.stack.tasks[0], ceil(self.requests / int(assumptions()["gateway"]["requests_per_task"])))

    @property
    def instance(self) -> str:
        return _smallest(assumptions()["database"], self.rate, self.stack.database["instanceClass"])

    @property
    def node(self) -> str:
        return _smallest(assumptions()["broker"], self.rate, self.stack.broker[0])

    @property
    def environments(self) -> int:
        """Environments of `create_order` that are busy at once."""
        return ceil(self.rate * int(assumptions()["milliseconds"]["create_order"]) / 1000)

    @property
    def storage_gb(self) -> float:
        """What a month's orders take."""
        return self.millions * float(assumptions()["order"]["database_kb"])

    @property
    def days(self) -> float:
        """How long the storage lasts that the database may grow to."""
        return int(self.stack.database["maxAllocatedStorage"]) / self.storage_gb * MONTH_S / 86_400

    def costs(self) -> dict[str, float]:
        """Return dollars a month by part."""
        by_part = by_order(self.stack)
        return {
            **{name: dollars * self.millions for name, dollars in by_part.items()},
            "Kong beyond what always runs": (self.tasks - self.stack.tasks[0]) * task_hour(self.stack) * HOURS,
            "a larger database": self._larger_database(),
            "a larger broker": self._larger_broker(),
            "fixed": sum(line.dollars for line in fixed(self.stack)),
        }

    def frugal(self) -> float:
        """Return dollars a month with a hundredth of the traces and only warnings in the logs of the functions."""
        costs = self.costs()
        # What Kong writes about each request stays, about a third.
        return sum(costs.values()) - 0.99 * costs["spans"] - 0.7 * costs["logs"]

    def _larger_database(self) -> float:
        hour, cpus, now = prices()["hour"], prices()["cpus"], self.stack.database["instanceClass"]
        zones = self.stack.database_zones * (hour["database"][self.instance] - hour["database"][now])
        return float(zones + (cpus[self.instance] - cpus[now]) * hour["proxy_cpu"]) * HOURS

    def _larger_broker(self) -> float:
        hour, (now, nodes) = prices()["hour"]["broker"], self.stack.broker
        return float(nodes * (hour[self.node] - hour[now])) * HOURS


def _smallest(takes: Mapping[str, int], rate: int, now: str) -> str:
    """Return the first size from the present one on that is expected to take the rate."""
    sizes = list(takes)
    for size in sizes[sizes.index(now) :]:
        if takes[size] >= rate:
            return size
    raise ValueError(f"no size in assumptions.toml takes {rate} orders a second")
