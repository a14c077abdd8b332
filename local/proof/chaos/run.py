"""One run: clients and nemesis at work, then peace, then every record checked.

Healing is given the time that the guarantees grant. Outbox rows are due when the function that wrote them must be over,
and the relay runs by its schedule (it is invoked as well, so that the run does not wait for the minute).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from localregion.http_client import HttpError
from proof.chaos.amounts import ORDERS_FROM, STRAYS_FROM, Amounts
from proof.chaos.checker import Expected, Verdict, check
from proof.chaos.clients import Behaviour, Clients, Shop
from proof.chaos.faults.clocks import HEARTBEAT_S
from proof.chaos.own_system import OwnSystemError
from proof.chaos.payers import Habits, Payers
from proof.chaos.records import Records, read_records
from proof.chaos.world import QUEUES, World

# The relay's schedule, the longest back-off of a row, and a batch that waits out its deadline.
HEALING_TIMEOUT_S = 240.0
# Guarantee G7: so long after the last fault everything that can move has moved.
STALLED_AFTER_S = 90.0
_CALM_S = 1.5
RELAYS = ("outbox_relay", "invoices_relay")
CONSUMERS = ("invoice_consumer", "order_updater")
_OUTBOXES = "(SELECT * FROM orders.outbox UNION ALL SELECT * FROM invoices.outbox) AS outbox"


@dataclass(frozen=True)
class Run:
    """A run on a system that may have seen others; `began_at` is the database's time."""

    world: World
    began_at: datetime


def begin(world: World) -> Run:
    """Prepare the system for faults: a short heartbeat, so that standing still has consequences."""
    world.erlang("application", "set_env", f"[rabbit,heartbeat,{HEARTBEAT_S}]")
    amounts = Amounts(
        orders_from=_after(world, "orders.orders", ORDERS_FROM, STRAYS_FROM),
        strays_from=_after(world, "invoices.invoices", STRAYS_FROM, 2 * STRAYS_FROM),
    )
    return Run(replace(world, amounts=amounts), world.query("SELECT clock_timestamp()")[0][0])


def _after(world: World, table: str, first: int, end: int) -> int:
    """Return an amount above those of earlier runs, those that they used in vain included."""
    largest = world.query(f"SELECT max(amount) FROM {table} WHERE amount >= %s AND amount < %s", first, end)[0][0]
    return first if largest is None else int(largest) + 1_000


@contextmanager
def busy_clients(world: World, behaviour: Behaviour) -> Iterator[None]:
    """Clients and payers at work for as long as the block runs."""
    shop = Shop.of(world)
    clients = Clients(shop, behaviour)
    payers = Payers(shop, Habits(seed=behaviour.seed, count=behaviour.payers, pause_s=behaviour.pause_s))
    clients.start()
    payers.start()
    try:
        yield
    finally:
        payers.stop()
        clients.stop()


def heal_and_check(
    run: Run, *, timeout_s: float = HEALING_TIMEOUT_S, stalled_after_s: float = STALLED_AFTER_S
) -> tuple[Verdict, Records]:
    """Wait until everything is settled, then compare. Raises OwnSystemError."""
    world = run.world
    for link in (world.database, world.broker):
        link.heal()
    stalled = wait_until_settled(world, timeout_s, stalled_after_s)
    records = replace(_records(run), stalled=stalled)
    expected = Expected(stray_order_ids=frozenset(world.sent.stray_order_ids), poison=frozenset(world.sent.poison))
    return check(world.history, records, expected), records


def wait_until_settled(
    world: World, timeout_s: float = HEALING_TIMEOUT_S, stalled_after_s: float = STALLED_AFTER_S
) -> list[str]:
    """Wait until no event is left in the outbox and no message in any queue; what stays is the checker's business.

    It has to be so for longer than a mapping's batching window: a message that waits there is in no queue. Returns what
    had not moved so long after the last fault, though it may have later.
    """
    deadline = time.monotonic() + timeout_s
    last_fault_s = max((each.ended_s for each in world.history.injections), default=world.history.now())
    stalled: list[str] = []
    calm_since = None
    while time.monotonic() < deadline:
        waiting = _waiting(world)
        if waiting:
            calm_since = None
            if not stalled and world.history.now() - last_fault_s > stalled_after_s:
                stalled = [f"{stalled_after_s:.0f} s after the last fault: {waiting}; {_unmoved(world)}"]
            for relay in RELAYS:
                # The schedule's own run may be at work: the function has one environment, and the call is refused.
                with contextlib.suppress(HttpError):
                    world.invoke(relay, {})
        elif calm_since is None:
            calm_since = time.monotonic()
        elif time.monotonic() - calm_since > _CALM_S:
            return stalled
        time.sleep(0.3)
    if waiting == "not healthy":
        raise OwnSystemError("the system is not healthy: see `make status`")
    return stalled


def _unmoved(world: World) -> str:
    """Say what waits for what, as far as the database knows."""
    try:
        ((rows, due, attempts, error),) = world.query(
            "SELECT count(*), count(*) FILTER (WHERE due_at <= clock_timestamp()), max(attempts), max(last_error)"
            f" FROM {_OUTBOXES}"
        )
        ((orders,),) = world.query(
            "SELECT count(*) FROM orders.orders o"
            " WHERE NOT EXISTS (SELECT FROM invoices.invoices i WHERE i.order_id = o.order_id)"
        )
    except psycopg.Error as failure:
        return f"the database does not answer: {failure}"
    outbox = f"{rows} outbox rows, {due} due, at most {attempts or 0} attempts ({error})" if rows else "no outbox rows"
    return f"{outbox}; {orders} orders without invoice"


def _waiting(world: World) -> str:
    """Say what is not settled yet, nothing when all is."""
    try:
        if not world.is_healthy():
            return "not healthy"
        if world.query(f"SELECT FROM {_OUTBOXES} LIMIT 1"):
            return "outbox"
        return next((queue for queue in QUEUES if world.queue_depth(queue)), "") or _unanswered(world)
    except (OSError, psycopg.Error):
        return "not healthy"
    except Exception as error:  # pika's own exceptions have no common base with OSError
        return f"broker: {error!r}"


def _unanswered(world: World) -> str:
    """Unacknowledged messages belong to an invocation that still runs."""
    is_busy = (name for name in CONSUMERS if any(env["state"] == "busy" for env in world.environments(name)))
    return next(is_busy, "")


def _records(run: Run) -> Records:
    world = run.world
    depths = {queue: world.queue_depth(queue) for queue in QUEUES}
    with contextlib.closing(world.postgres()) as connection:
        return read_records(connection, depths, since=run.began_at, amounts=world.amounts)
