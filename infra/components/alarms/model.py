"""What an alarm is made of: metrics, perhaps an expression over them, and a threshold; and alarms made of alarms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

# Namespace and dimension of the functions' own metrics; the dimension's value is the function's name.
NAMESPACE = "ServerlessOrders"
DIMENSION = "service"
FIVE_MINUTES_S = 300
_CHILD = re.compile(r"ALARM\(([\w-]+)\)")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of one resource; `statistic` may be a percentile such as `p99`."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str = "Sum"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A value above (or below) a threshold for so many periods, one after the other.

    The value is the only one of `metrics`, or what `expression` makes of them by their keys.
    """

    meaning: str
    metrics: Mapping[str, Metric]
    expression: str | None = None
    threshold: float = 0
    is_above: bool = True
    period_s: int = FIVE_MINUTES_S
    periods: int = 1
    missing: str = "notBreaching"


@dataclass(frozen=True, kw_only=True)
class Composite:
    """An alarm whose `rule` is made of others: `ALARM(name)`, AND, OR, NOT.

    It tells nobody while `suppressed_by` is an alarm. One that is not `is_told` only serves others.
    """

    meaning: str
    rule: str
    suppressed_by: str | None = None
    wait_s: int = FIVE_MINUTES_S
    is_told: bool = True

    def children(self) -> list[str]:
        """The names of the alarms in its rule."""
        return _CHILD.findall(self.rule)

    def rule_of(self, prefix: str) -> str:
        """The rule as CloudWatch reads it: names with the stack's prefix, in quotation marks."""
        return _CHILD.sub(rf'ALARM("{prefix}\1")', self.rule)


def counted(function: pulumi.Input[str], name: str, statistic: str = "Sum") -> Metric:
    """A metric that one of our own functions writes."""
    return Metric(namespace=NAMESPACE, name=name, dimensions={DIMENSION: function}, statistic=statistic)


def any_of(*names: str) -> str:
    return " OR ".join(f"ALARM({name})" for name in names)


def all_of(*names: str) -> str:
    return f"({' AND '.join(f'ALARM({name})' for name in names)})"
