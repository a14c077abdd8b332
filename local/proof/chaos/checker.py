"""Compare what clients were told with what the database and the broker hold once everything has healed.

Every amount belongs to one intent, so a row is known by its amount, also when the answer was lost. What is checked is
the guarantees: nothing accepted is lost (G1), nothing happens twice (G2), a bad message stops no other (G3), a customer
sees only their own orders (G5), nothing stalls (G7), money adds up (G8, in `money`). A violation carries the whole
story of the order concerned.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from proof.chaos import money
from proof.chaos.history import History, Intent, Request
from proof.chaos.records import InvoiceRow, OrderRow, Records


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A broken guarantee. `kind` is `lost`, `duplicate`, `foreign`, `harmed`, `changed` or `stalled`."""

    kind: str
    what: str
    story: str = ""

    def shown(self) -> str:
        return f"{self.kind}: {self.what}" + (f"\n{self.story}" if self.story else "")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the nemesis itself put into the queue: stray orders by id, poison by its body."""

    stray_order_ids: frozenset[str] = frozenset()
    poison: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """What the check found."""

    violations: list[Violation] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(violation.kind == kind for violation in self.violations)


def check(history: History, records: Records, expected: Expected) -> Verdict:
    """Return every violation of a guarantee."""
    return Verdict(
        [
            *_requests(history, records),
            *_rows(history, records, expected),
            *_money(history, records),
            *_messages(records, expected),
        ]
    )


def _money(history: History, records: Records) -> Iterator[Violation]:
    intents = {request.body["orderId"]: request.intent for request in history.accepted}
    for kind, order_id, what in money.complaints(history, records):
        intent = intents.get(order_id)
        # Looked up here and not for every order: a story reads the whole history.
        story = history.story_of(intent) if intent is not None else ""
        yield Violation(kind=kind, what=f"order {order_id}: {what}" if order_id else what, story=story)


def _requests(history: History, records: Records) -> Iterator[Violation]:
    """What clients were told against the rows, intent by intent."""
    by_amount: dict[int, list[OrderRow]] = defaultdict(list)
    for row in records.orders:
        by_amount[row.amount].append(row)
    for intent, requests in history.by_intent().items():
        for kind, what in _complaints(intent, requests, by_amount):
            yield Violation(kind=kind, what=what, story=history.story_of(intent))


def _complaints(
    intent: Intent, requests: Sequence[Request], by_amount: Mapping[int, Sequence[OrderRow]]
) -> Iterator[tuple[str, str]]:
    rows = by_amount.get(intent.amount, ())
    posts = [request for request in requests if request.method == "POST"]
    told = {request.body["orderId"] for request in posts if request.is_accepted}
    attempts = [request for request in posts if request.sent_amount == intent.amount]
    if told - {row.order_id for row in rows}:
        yield "lost", f"201 for {sorted(told)}, and the orders are {rows}"
    if len(told) > 1 or len(rows) > (1 if intent.key is not None else len(attempts)):
        yield (
            "duplicate",
            f"{intent} became the orders {[row.order_id for row in rows]}, clients were told {sorted(told)}",
        )
    if any(row.customer_id != intent.customer or row.currency != intent.currency for row in rows):
        yield "changed", f"{intent} became {rows}"
    # 5xx may have happened; a refusal may not.
    is_possible = any(request.is_accepted or request.is_unknown or request.status == 503 for request in attempts)
    if rows and not is_possible and not any(request.status == 409 for request in attempts):
        yield "duplicate", f"the request was refused, and there are rows: {rows}"
    yield from _mistakes(intent, posts, by_amount)
    yield from _replays(posts)
    yield from _reads([request for request in requests if request.method == "GET"])
    for request in requests:
        if request.method.startswith("GET as") and request.status == 200:
            yield "foreign", f"another customer read {request.path}"


def _mistakes(
    intent: Intent, posts: Sequence[Request], by_amount: Mapping[int, Sequence[OrderRow]]
) -> Iterator[tuple[str, str]]:
    """A key that was used with another body: nothing may come of it."""
    for request in posts:
        if request.sent_amount not in (None, intent.amount):
            if request.is_accepted:
                yield "changed", f"key {intent.key} was accepted with another amount, {request.sent_amount}"
            if by_amount.get(request.sent_amount or 0):
                yield "duplicate", f"key {intent.key} made a second order, of {request.sent_amount}"


def _replays(posts: Sequence[Request]) -> Iterator[tuple[str, str]]:
    bodies = [request.body for request in posts if request.is_accepted]
    if any(body != bodies[0] for body in bodies):
        yield "changed", f"the same key was answered {bodies}"


def _reads(reads: Sequence[Request]) -> Iterator[tuple[str, str]]:
    """An accepted order is there from then on, and its invoice, once seen, stays what it is."""
    invoice = None
    for request in sorted(reads, key=lambda request: request.ended_s):
        if request.status == 404:
            yield "lost", f"{request.path} was accepted and is not found"
        if request.status == 200:
            current = _lasting(request.body["invoice"])
            if invoice is not None and current != invoice and _began_after(request, reads, invoice):
                yield "changed", f"the invoice of {request.path} was {invoice} and is {current}"
            invoice = invoice or current


def _lasting(invoice: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What of an invoice never changes: it may be paid, reopened and canceled."""
    if invoice is None:
        return None
    return {name: value for name, value in invoice.items() if name not in ("status", "creditNote")}


def _began_after(request: Request, reads: Sequence[Request], invoice: object) -> bool:
    """Whether the request began after a client had been shown this invoice: reads of several clients overlap."""
    first = min(read.ended_s for read in reads if read.status == 200 and _lasting(read.body["invoice"]) == invoice)
    return request.began_s > first


def _rows(history: History, records: Records, expected: Expected) -> Iterator[Violation]:
    """Orders and invoices against each other."""
    intents = {intent.amount: intent for intent in history.by_intent()}
    invoices: dict[str, list[InvoiceRow]] = defaultdict(list)
    for invoice in records.invoices:
        invoices[invoice.order_id].append(invoice)
    for order in records.orders:
        for kind, what in _order_complaints(order, invoices.get(order.order_id, [])):
            intent = intents.get(order.amount)
            # Looked up here and not for every order: a story reads the whole history.
            yield Violation(kind=kind, what=what, story=history.story_of(intent) if intent is not None else "")
    known = {order.order_id for order in records.orders} | expected.stray_order_ids
    for order_id, found in invoices.items():
        if order_id not in known:
            yield Violation(kind="duplicate", what=f"{found} without an order")
        elif len(found) > 1 and order_id in expected.stray_order_ids:
            yield Violation(kind="duplicate", what=f"stray order {order_id} has {found}")
    yield from _numbers(records)


def _order_complaints(order: OrderRow, found: Sequence[InvoiceRow]) -> Iterator[tuple[str, str]]:
    if not found:
        yield "lost", f"{order} has no invoice"
    if len(found) > 1:
        yield "duplicate", f"{order} has {found}"
    if any(_differs(order, invoice) for invoice in found):
        yield "changed", f"{order} was invoiced as {found}"


def _differs(order: OrderRow, invoice: InvoiceRow) -> bool:
    return (order.amount, order.currency, order.customer_id) != (invoice.amount, invoice.currency, invoice.customer_id)


def _numbers(records: Records) -> Iterator[Violation]:
    numbers = sorted(records.numbers)
    if len(set(numbers)) != len(numbers):
        doubled = [number for number, count in Counter(numbers).items() if count > 1]
        yield Violation(kind="duplicate", what=f"the invoice numbers {doubled[:10]} exist twice")
    elif numbers and numbers[-1] != len(numbers):
        yield Violation(
            kind="lost", what=f"{numbers[-1] - len(numbers)} invoice numbers are missing below {numbers[-1]}"
        )


def _messages(records: Records, expected: Expected) -> Iterator[Violation]:
    """Everything that was sent is settled: no message is left, what was poison is parked, and nothing else is."""
    for what in records.stalled:
        yield Violation(kind="stalled", what=what)
    for queue, depth in records.queue_depths.items():
        if depth:
            yield Violation(kind="lost", what=f"{depth} messages are left in {queue}")
    if records.outbox:
        yield Violation(kind="lost", what=f"{records.outbox} events are left in the outbox")
    parked = Counter(row.body for row in records.parked)
    for body in expected.poison - set(parked):
        yield Violation(kind="harmed", what=f"poison {body[:80]!r} was neither invoiced nor parked")
    for row in records.parked:
        if row.body not in expected.poison:
            yield Violation(kind="harmed", what=f"parked without cause ({row.reason}): {row.body[:200]!r}")
    for body, count in parked.items():
        if count > 1:
            yield Violation(kind="duplicate", what=f"poison {body[:80]!r} was parked {count} times")
