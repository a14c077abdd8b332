"""Row `consumer`: one environment turns a queue of orders into invoices, beside COPY of the same rows.

Everything real: broker, mapping, runtime client, function, database, acks. A batch's `issued_at` is the moment when its
transaction began, so from one batch's to the next's is one whole cycle, and nothing has to be watched while it runs.
COPY writes the same rows, in batches of the same size, one transaction each, into a table with the same indexes. The
commit before does the same in a system of its own, in turns.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from contracts.topology import ORDER_CREATED_ROUTING_KEY, ORDERS_EXCHANGE
from outbox import uuid7
from proof.bench.events import message_body
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.mapping import ConsumerMapping
from proof.bench.raw_publisher import RawPublisher
from proof.bench.second_system import SecondSystem, SecondSystemError

Connection = psycopg.Connection[Any]
Batch = tuple[float, int]

# Batch size, messages for each round (some seconds' work), and how that is called in the table.
SIZES = ((100, 30_000, "batch 100"), (1_000, 40_000, "batch 1,000"), (10_000, 60_000, "largest in 6 MB"))
LARGEST = 10_000
# A quick run's rounds have so much less.
QUICK_PART = 2
_DRAIN_TIMEOUT_S = 180
_PUBLISH_AT_ONCE = 500

MAKE_TABLE = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.invoices (LIKE invoices.invoices INCLUDING ALL);
TRUNCATE bench.invoices
"""
COLUMNS = "number, order_id, customer_id, amount, currency, issued_at, due_at"
COPY = f"COPY bench.invoices ({COLUMNS}) FROM STDIN"
# Rows that have their ids, as ours have: the default's take a third of the time.
COPY_WITH_IDS = f"COPY bench.invoices (invoice_id, {COLUMNS}) FROM STDIN"
LAST_NUMBER = "SELECT last_number FROM invoices.invoice_counter"
BATCHES = """
SELECT extract(epoch FROM issued_at)::float8, count(*) FROM invoices.invoices
WHERE number > %s GROUP BY issued_at ORDER BY issued_at
"""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Rows a second of one round, and how many rows a batch had."""

    consumer: float
    copy: float
    copy_with_ids: float
    batch: int


def measure(
    system: SecondSystem, base: SecondSystem, *, rounds: int, is_quick: bool, progress: Callable[[str], None]
) -> Iterator[Row]:
    """Yield the rows of each batch size. Raises SecondSystemError."""
    with contextlib.ExitStack() as prepared:
        sides = [prepared.enter_context(_side(each)) for each in (system, base)]
        for size, messages, name in SIZES:
            seen: list[tuple[Rates, Rates]] = []
            for number in range(rounds):
                progress(f"consumer: {name}, round {number + 1} of {rounds}")
                count = messages // QUICK_PART if is_quick else messages
                ours, theirs = (_round(side, size=size, messages=count) for side in sides)
                seen.append((ours, theirs))
            yield from _rows(name, size, seen)


@dataclass(frozen=True)
class Side:
    """A system whose consumer is measured."""

    system: SecondSystem
    mapping: ConsumerMapping
    database: Connection


@contextlib.contextmanager
def _side(system: SecondSystem) -> Iterator[Side]:
    mapping = ConsumerMapping(system.endpoints)
    with psycopg.connect(system.superuser_dsn, autocommit=True) as database, mapping.disabled():
        database.execute(MAKE_TABLE)
        yield Side(system, mapping, database)


def _round(side: Side, *, size: int, messages: int) -> Rates:
    before = _last_number(side.database)
    fill(side.system, messages)
    side.mapping.enable(size)
    _wait_for(side.database, before + messages)
    side.mapping.disable()
    batches = side.database.execute(BATCHES, [before]).fetchall()
    consumed, batch = rate(batches)
    copy, copy_with_ids = (_copy(side.database, messages=messages, batch=batch, ids=ids) for ids in (False, True))
    return Rates(consumer=consumed, copy=copy, copy_with_ids=copy_with_ids, batch=batch)


def rate(batches: Sequence[Batch]) -> tuple[float, int]:
    """Return messages a second and the size of a full batch, from when each batch began and how many it had.

    Only cycles between two full batches count: an incomplete one has waited for the batching window.
    """
    full = max(count for _, count in batches)
    begins = [began for began, count in batches if count >= 0.95 * full]
    if len(begins) < 2:
        raise SecondSystemError("fewer than two full batches: nothing to measure between")
    return full * (len(begins) - 1) / (begins[-1] - begins[0]), full


def fill(system: SecondSystem, messages: int) -> None:
    """Put that many orders, each a new one, into the queue."""
    publish(system, (message_body(str(uuid7())) for _ in range(messages)))


def publish(system: SecondSystem, bodies: Iterable[bytes]) -> None:
    """Publish these orders' events, confirmed."""
    broker = urlsplit(system.endpoints["amqp"])
    login = {"username": unquote(broker.username or ""), "password": unquote(broker.password or "")}
    endpoint = f"amqp://{broker.hostname}:{broker.port}"
    with RawPublisher(
        endpoint, login=login, exchange=ORDERS_EXCHANGE, routing_key=ORDER_CREATED_ROUTING_KEY
    ) as publisher:
        following = iter(bodies)
        while some := list(islice(following, _PUBLISH_AT_ONCE)):
            publisher.publish(map(publisher.frames, some))


def _wait_for(database: Connection, number: int) -> None:
    deadline = time.monotonic() + _DRAIN_TIMEOUT_S
    while (last := _last_number(database)) < number:
        if time.monotonic() > deadline:
            raise SecondSystemError(f"invoice {last} of {number} after {_DRAIN_TIMEOUT_S} s")
        time.sleep(0.2)


def _last_number(database: Connection) -> int:
    row = database.execute(LAST_NUMBER).fetchone()
    return int(row[0]) if row else 0


def _copy(database: Connection, *, messages: int, batch: int, ids: bool) -> float:
    """Return rows a second, with the text that COPY reads made beforehand."""
    row = database.execute("SELECT coalesce(max(number), 0) FROM bench.invoices").fetchone()
    first = int(row[0]) + 1 if row else 1
    texts = [_lines(at, min(batch, first + messages - at), ids=ids) for at in range(first, first + messages, batch)]
    began = time.perf_counter()
    for text in texts:
        with database.cursor() as cursor, cursor.copy(COPY_WITH_IDS if ids else COPY) as copy:
            copy.write(text)
    return messages / (time.perf_counter() - began)


def _lines(first: int, count: int, *, ids: bool) -> bytes:
    times = "2026-01-01 00:00:00.000+00\t2026-01-31 00:00:00.000+00"
    rows = (f"{number}\t{uuid7()}\tbench\t1999\tBRL\t{times}\n" for number in range(first, first + count))
    return "".join(f"{uuid7()}\t{row}" if ids else row for row in rows).encode()


def _rows(name: str, size: int, seen: Sequence[tuple[Rates, Rates]]) -> Iterator[Row]:
    """Beside COPY the ratio is in time: how many times as long."""
    ours, copy = tuple(one.consumer for one, _ in seen), tuple(one.copy for one, _ in seen)
    with_ids = tuple(one.copy_with_ids for one, _ in seen)
    before, is_largest = tuple(other.consumer for _, other in seen), size == LARGEST
    measured = f"{name} ({seen[0][0].batch:,} messages)" if is_largest else name

    def row(beside: str, theirs: Sample, ratio: float, budget: Budget | None) -> Row:
        return Row(
            row="consumer",
            measured=measured,
            ours=Sample(ours, "msg/s"),
            beside=beside,
            theirs=theirs,
            ratio=ratio,
            budget=budget,
        )

    most, least = Budget(figure="ratio", at="most", limit=2.5), Budget(figure="ratio", at="least", limit=1.5)
    copied, drained = Sample(copy, "rows/s"), Sample(before, "msg/s")
    yield row("COPY in the same batches", copied, paired_ratio(copy, ours), most if is_largest else None)
    if is_largest:
        yield row("COPY of rows that have their ids", Sample(with_ids, "rows/s"), paired_ratio(with_ids, ours), None)
    yield row("the commit before", drained, paired_ratio(ours, before), None if is_largest else least)
