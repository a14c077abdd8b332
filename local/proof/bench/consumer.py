"""Row `consumer`: one environment turns a queue of orders into invoices, beside COPY of the same rows.

Everything real: broker, mapping, runtime client, function, database, acks. A batch's `issued_at` is the moment when its
transaction began, so from one batch's to the next's is one whole cycle, and nothing has to be watched while it runs.
COPY writes the same rows, in batches of the same size, one transaction each, into a table with the same indexes.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from proof.bench.events import message_body
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.mapping import ConsumerMapping
from proof.bench.raw_publisher import RawPublisher
from proof.bench.second_system import SecondSystem, SecondSystemError

Connection = psycopg.Connection[Any]
Batch = tuple[float, int]

# Batch size, messages for each round, and how that is called in the table.
SIZES = ((100, 2_000, "batch 100"), (1_000, 8_000, "batch 1,000"), (10_000, 30_000, "largest in 6 MB"))
AT_100_MSG_PER_S = 10_000
_DRAIN_TIMEOUT_S = 180
_PUBLISH_AT_ONCE = 500

MAKE_TABLE = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.invoices (LIKE invoices.invoices INCLUDING ALL);
TRUNCATE bench.invoices
"""
COPY = "COPY bench.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at) FROM STDIN"
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
    batch: int


def measure(system: SecondSystem, *, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield a row for each batch size. Raises SecondSystemError."""
    mapping = ConsumerMapping(system.endpoints)
    with psycopg.connect(system.superuser_dsn, autocommit=True) as database, mapping.disabled():
        database.execute(MAKE_TABLE)
        for size, messages, name in SIZES:
            seen = []
            for number in range(rounds):
                progress(f"consumer: {name}, round {number + 1} of {rounds}")
                seen.append(_round(system, mapping, database, size=size, messages=messages))
            yield _row(name, seen)


def _round(system: SecondSystem, mapping: ConsumerMapping, database: Connection, *, size: int, messages: int) -> Rates:
    before = _last_number(database)
    fill(system, messages)
    mapping.enable(size)
    _wait_for(database, before + messages)
    mapping.disable()
    batches = database.execute(BATCHES, [before]).fetchall()
    consumed, batch = rate(batches)
    return Rates(consumer=consumed, copy=_copy(database, messages=messages, batch=batch), batch=batch)


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
    endpoint = system.function_environment("create_order")["BROKER_ENDPOINT"]
    login = system.secret("broker/orders_publisher")
    with RawPublisher(endpoint, login=login, exchange="orders", routing_key="order.created") as publisher:
        for at in range(0, messages, _PUBLISH_AT_ONCE):
            bodies = (message_body(str(uuid.uuid4())) for _ in range(min(_PUBLISH_AT_ONCE, messages - at)))
            publisher.publish(publisher.frames(body) for body in bodies)


def _wait_for(database: Connection, number: int) -> None:
    deadline = time.monotonic() + _DRAIN_TIMEOUT_S
    while (last := _last_number(database)) < number:
        if time.monotonic() > deadline:
            raise SecondSystemError(f"invoice {last} of {number} after {_DRAIN_TIMEOUT_S} s")
        time.sleep(0.2)


def _last_number(database: Connection) -> int:
    row = database.execute(LAST_NUMBER).fetchone()
    return int(row[0]) if row else 0


def _copy(database: Connection, *, messages: int, batch: int) -> float:
    """Return rows a second, with the text that COPY reads made beforehand."""
    row = database.execute("SELECT coalesce(max(number), 0) FROM bench.invoices").fetchone()
    first = int(row[0]) + 1 if row else 1
    texts = [_lines(at, min(batch, first + messages - at)) for at in range(first, first + messages, batch)]
    began = time.perf_counter()
    for text in texts:
        with database.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.write(text)
    return messages / (time.perf_counter() - began)


def _lines(first: int, count: int) -> bytes:
    times = "2026-01-01 00:00:00.000+00\t2026-01-31 00:00:00.000+00"
    return "".join(
        f"{number}\t{uuid.uuid4()}\tbench\t1999\tBRL\t{times}\n" for number in range(first, first + count)
    ).encode()


def _row(name: str, seen: Sequence[Rates]) -> Row:
    """The ratio is in time: how many times as long as COPY."""
    ours, copy = tuple(one.consumer for one in seen), tuple(one.copy for one in seen)
    budget, excused = None, ""
    if name == "batch 100":
        budget = Budget(figure="value", at="least", limit=AT_100_MSG_PER_S)
        excused = "" if Sample(copy, "").median > AT_100_MSG_PER_S else "COPY does not reach it either"
    elif name == "largest in 6 MB":
        budget = Budget(figure="ratio", at="most", limit=2.5)
        name = f"{name} ({seen[0].batch:,} messages)"
    return Row(
        row="consumer",
        measured=name,
        ours=Sample(ours, "msg/s"),
        beside="COPY in the same batches",
        theirs=Sample(copy, "rows/s"),
        ratio=paired_ratio(copy, ours),
        budget=budget,
        excused=excused,
    )
