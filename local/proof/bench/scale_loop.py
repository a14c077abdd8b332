"""The process behind `rows_at_scale.measured`: a page, an audit and a run of each relay, beside many rows.

Runs the functions' own code without their environment, as the superuser of each database that it is given, in turns:
what is measured is what they ask. Writes, by name, the seconds of each run for each database.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from operations.audit import audit_incrementally
from outbox_relay import relay
from outbox_relay.repository import Outbox
from proof.bench.rows_at_scale import CUSTOMER, DUE, EXPIRED
from rabbitmq import Message, PublishError
from reading import lists

WARM_UP = 3
SHOWN = 100
# What is due and what has expired again before each run of a relay.
RIPEN = """
WITH chosen AS (SELECT outbox_id FROM {side}.outbox WHERE attempts = 0 AND due_at > now() LIMIT %s)
UPDATE {side}.outbox o SET due_at = now() - interval '1 hour' FROM chosen WHERE o.outbox_id = chosen.outbox_id
"""
EXPIRE = {
    "orders": """
WITH chosen AS (SELECT customer_id, key FROM orders.idempotency_keys WHERE expires_at > now() LIMIT %s)
UPDATE orders.idempotency_keys k SET created_at = now() - interval '2 days', expires_at = now() - interval '1 hour'
FROM chosen WHERE (k.customer_id, k.key) = (chosen.customer_id, chosen.key)
""",
    "invoices": """
WITH chosen AS (SELECT provider, delivery_id FROM invoices.webhook_deliveries WHERE expires_at > now() LIMIT %s)
UPDATE invoices.webhook_deliveries d SET expires_at = now() - interval '1 hour'
FROM chosen WHERE (d.provider, d.delivery_id) = (chosen.provider, chosen.delivery_id)
""",
}

Connection = psycopg.Connection[Any]
Work = Callable[[Connection], None]


def _nothing(_: Connection) -> None:
    return None


class Accepting:
    """A broker that takes everything at once: it is the database that is measured."""

    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]:  # noqa: ARG002 (a protocol's)
        return [None] * len(messages)


def page(connection: Connection) -> None:
    rows = lists.select(
        connection,
        customer_id=CUSTOMER,
        status=None,
        reference=None,
        created_from=None,
        created_to=None,
        before=UUID(int=2**128 - 1),
        limit=SHOWN,
    )
    if len(rows) != SHOWN:
        raise RuntimeError(f"the page has {len(rows)} orders")


def audit(connection: Connection) -> None:
    audit_incrementally(connection, older_than_s=0, is_deadline_near=lambda: False)


def relay_run(connection: Connection, side: str) -> None:
    report = relay.run(Outbox(connection, side), publisher=Accepting(), remaining_s=lambda: 60.0)
    if (report.published, report.purged) != (DUE, EXPIRED):
        raise RuntimeError(f"the relay published {report.published} and purged {report.purged}")


def ripen(connection: Connection, side: str) -> None:
    """Let so many events be due, and so many keys or deliveries be expired, as there were at first."""
    connection.execute(RIPEN.format(side=side), [DUE])
    connection.execute(EXPIRE[side], [EXPIRED])


def took_s(work: Work, connection: Connection) -> float:
    began = time.perf_counter()
    work(connection)
    return time.perf_counter() - began


def in_turns(databases: Sequence[Connection], count: int, work: Work, before: Work = _nothing) -> list[list[float]]:
    """The seconds of so many runs for each database, one after the other, so that all have the machine's moods."""
    seen = []
    for _ in range(WARM_UP + count):
        for connection in databases:
            before(connection)
        seen.append([took_s(work, connection) for connection in databases])
    return [list(times) for times in zip(*seen[WARM_UP:], strict=True)]


def measured(databases: Sequence[Connection], count: int) -> dict[str, list[list[float]]]:
    """By name: the seconds of so many runs, for each database."""
    found = {"a page of 100": in_turns(databases, count, page)}
    for side in ("orders", "invoices"):
        for connection in databases:
            # What was due at first; each run after it finds as much.
            relay.run(Outbox(connection, side), publisher=Accepting(), remaining_s=lambda: 60.0)
        run, again = partial(relay_run, side=side), partial(ripen, side=side)
        found[f"a run of the relay of {side}"] = in_turns(databases, count, run, again)
    for connection in databases:
        settle_outboxes(connection)
        # The first of all reads everything.
        audit(connection)
    return found | {"an audit": in_turns(databases, count, audit)}


def settle_outboxes(connection: Connection) -> None:
    """An audit counts what waits there, which is an outage's and no growth."""
    for side in ("orders", "invoices"):
        connection.execute(f"TRUNCATE {side}.outbox")


def main(count: int, out: Path, *addresses: str) -> None:
    with contextlib.ExitStack() as stack:
        databases = [
            stack.enter_context(psycopg.connect(address, autocommit=True, prepare_threshold=None))
            for address in addresses
        ]
        out.write_text(json.dumps(measured(databases, count)))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
