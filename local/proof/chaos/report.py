"""The table at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from proof.chaos import money
from proof.chaos.checker import Verdict
from proof.chaos.history import History
from proof.chaos.records import Records


def lines(history: History, records: Records, verdict: Verdict) -> Iterator[str]:
    """Yield the table: what clients were told, what there is, what broke, what was broken."""
    for name, value in _figures(history, records, verdict):
        yield f"{name:<50} {value}"
    injected = Counter(injection.fault for injection in history.injections)
    seconds = Counter[str]()
    for injection in history.injections:
        seconds[injection.fault] += round(injection.ended_s - injection.began_s)
    yield ""
    yield "faults injected"
    for name, count in sorted(injected.items()):
        yield f"  {name:<48} {count:>3}  {seconds[name]:>4} s"


def _figures(history: History, records: Records, verdict: Verdict) -> Iterator[tuple[str, object]]:
    requests = history.requests
    yield "accepted", sum(request.is_accepted for request in requests)
    yield "  of these, replayed", sum(request.is_accepted and request.is_replay for request in requests)
    yield "refused with a clear error", sum(request.is_refused for request in requests)
    yield "unknown to the client", sum(request.is_unknown for request in requests)
    yield "reads", sum(request.method.startswith("GET") for request in requests)
    yield "orders", len(records.orders)
    yield "invoices", len(records.invoices)
    yield from money.figures(history, records)
    yield "duplicates", verdict.count("duplicate")
    yield "lost", verdict.count("lost")
    yield "stalled", verdict.count("stalled")
    yield "harmed by a neighbour", verdict.count("harmed")
    yield "changed or shown to others", verdict.count("changed") + verdict.count("foreign")
    yield "parked", len(records.parked)
