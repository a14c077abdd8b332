"""The parts of docs/costs.md that are written from the plan: tables and the picture, each between two marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from proof.costs.load import RATES, Load
from proof.costs.picture import picture
from proof.costs.reckoning import Line, assumptions, by_order, fixed
from proof.costs.stack import Stack


def rendered(page: str, dev: Stack, prod: Stack) -> str:
    """Return the page with each part anew. KeyError for a mark that nothing is written for."""
    parts = {
        "picture": picture(prod),
        "fixed": _fixed(dev, prod),
        "order": _order(dev, prod),
        "sizes": _sizes(prod),
        "loads": _loads(prod),
    }
    return re.sub(
        r"(<!-- (\w+): `make costs` -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{parts[found[2]]}\n{found[3]}",
        page,
        flags=re.DOTALL,
    )


def _fixed(dev: Stack, prod: Stack) -> str:
    pairs = list(zip(fixed(dev), fixed(prod), strict=True))
    rows = [(one.what, *_column(one), *_column(other)) for one, other in pairs]
    sums = [sum(line.dollars for line in column) for column in zip(*pairs, strict=True)]
    rows.append(("**together**", "", f"**{_money(sums[0])}**", "", f"**{_money(sums[1])}**"))
    return _table(("each month", "`dev`", "", "`prod`", ""), rows)


def _column(line: Line) -> tuple[str, str]:
    return line.quantity, _money(line.dollars)


def _order(dev: Stack, prod: Stack) -> str:
    ours, theirs = by_order(dev), by_order(prod)
    rows = [(name, _money(ours[name]), _money(theirs[name])) for name in ours]
    rows.append(("**together**", f"**{_money(sum(ours.values()))}**", f"**{_money(sum(theirs.values()))}**"))
    return _table(("a million orders", "`dev`", "`prod`"), rows)


def _sizes(prod: Stack) -> str:
    loads = [Load(stack=prod, rate=rate) for rate in RATES]
    least, most = prod.tasks
    busy = prod.reserved("create_order")
    growing = int(prod.database["maxAllocatedStorage"])
    rows = [
        (f"Kong's tasks, {least} to {most}", *(str(each.tasks) for each in loads), "`gatewayTasks`, `gatewayTasksMax`"),
        (
            f"busy environments of `create_order`, of {busy}",
            *(str(each.environments) for each in loads),
            "`reservedConcurrency`",
        ),
        ("database", *(each.instance for each in loads), "`databaseInstanceClass`"),
        (f"days until {growing} GB are full", *(f"{each.days:,.1f}" for each in loads), "`databaseStorageMax`"),
        (
            f"messages a second in each queue, of some {assumptions()['consumer']['messages']:,}",
            *(f"{each.rate:,}" for each in loads),
            "memory, then [more queues](operations.md#more-than-one-execution-environment-for-the-consumer)",
        ),
        ("a node of the broker", *(each.node for each in loads), "`brokerInstanceType`"),
        (
            "requests a second of one customer who sends all",
            *(f"{each.requests:,}" for each in loads),
            "`requestsPerSecond`",
        ),
    ]
    return _table(("what is needed", *(f"{rate:,}/s" for rate in RATES), "the key"), rows)


def _loads(prod: Stack) -> str:
    loads = [Load(stack=prod, rate=rate) for rate in RATES]
    costs = [each.costs() for each in loads]
    rows = [(name, *(_money(each[name], 0) for each in costs), KEYS[name]) for name in costs[0]]
    sums = [sum(each.values()) for each in costs]
    rows.append(("**together**", *(f"**{_money(each, 0)}**" for each in sums), ""))
    each_thousand = [total / load.millions / 1000 for total, load in zip(sums, loads, strict=True)]
    rows.append(("a thousand orders", *(_money(each, 3) for each in each_thousand), ""))
    frugal = [_money(each.frugal(), 0) for each in loads]
    rows.append(("together, frugal", *frugal, "`traceSampling: 0.01`, `logLevel: WARNING`"))
    return _table(("dollars a month", *(f"{rate:,}/s" for rate in RATES), "the key"), rows)


# What makes each part of a bill smaller, or stays as it is.
KEYS = {
    "functions": "memory, in `infra/__main__.py`",
    "logs": "`logLevel`, `logRetentionDays`",
    "spans": "`traceSampling`, `tracing`",
    "Kong to Lambda": "`privateEndpoints`",
    "load balancer": "",
    "firewall": "`waf`",
    "access logs": "`accessLogs`",
    "between zones": "",
    "storage, each month that it is kept": "",
    "copies of backups": "`backupRegion`",
    "Kong beyond what always runs": "`gatewayTasks`",
    "a larger database": "`databaseInstanceClass`",
    "a larger broker": "`brokerInstanceType`",
    "fixed": "above",
}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def _money(dollars: float, digits: int = 2) -> str:
    return f"{dollars:,.{digits}f}"
