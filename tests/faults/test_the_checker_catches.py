"""Versions of the code that lack a guarantee: the same clients, one fault, and the checker catches each of them."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.live_system import LiveSystem

from localregion.services.process import Command, Process
from localregion.system.configuration import python_environment
from proof.chaos.checker import Verdict
from proof.chaos.clients import Behaviour
from proof.chaos.faults.messages import copies
from proof.chaos.faults.outbox import refused_row
from proof.chaos.faults.processes import BASIC_PUBLISH
from proof.chaos.run import HEALING_TIMEOUT_S, STALLED_AFTER_S, Run, begin, busy_clients, heal_and_check
from proof.chaos.traps import Trap
from proof.chaos.world import World
from proof.checkout import ROOT

TABLES = (
    "orders.orders, orders.outbox, orders.idempotency_keys, orders.parked_messages, orders.delivery_attempts,"
    " invoices.invoices, invoices.outbox, invoices.payments, invoices.refunds, invoices.unmatched_payments,"
    " invoices.webhook_deliveries, invoices.canceled_orders, invoices.credit_notes, invoices.parked_messages,"
    " invoices.delivery_attempts"
)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A file, what to replace in it, a statement for the superuser, and the fault that shows what is missing.

    `settles_within_s`: what stays longer has stalled; without the mutation all is settled sooner.
    """

    file: str
    old: str
    new: str
    fault: Callable[[World], object]
    kind: str
    statement: str = ""
    undo: str = ""
    # What the violation says; else it tells the story of a client.
    says: str = ""
    settles_within_s: float = HEALING_TIMEOUT_S


def die(service: str, user: str, pattern: bytes) -> Callable[[World], object]:
    """Kill a function before this request of its reaches the service."""

    def fault(world: World) -> None:
        # A provider sends a webhook again, and a client its order, which heals what some of the killed ones left.
        trap = Trap(user=user, patterns=[pattern], when="request", times=6)
        link = world.database if service == "database" else world.broker
        link.set_trap(trap)
        try:
            world.until(lambda: trap.fired == trap.times, "no connection reached the trap")
        finally:
            link.remove_trap(trap)

    return fault


def send_copies(world: World) -> None:
    world.until(lambda: len(world.query("SELECT FROM invoices.invoices LIMIT 5")) == 5, "nothing was invoiced")
    copies(world, random.Random(1))


def refuse_a_row(world: World) -> None:
    refused_row(world, random.Random(1))


MUTANTS = {
    "the outbox row outside of the order's transaction": Mutant(
        file="functions/create_order/repository.py",
        old="self._database.run(lambda connection: connection.execute(INSERT_ORDER, parameters))",
        new=(
            "order, _, outbox = INSERT_ORDER.partition(')\\nINSERT INTO orders.outbox');"
            " order = order[order.index('INSERT INTO orders.orders'):];"
            " self._database.run(lambda connection: connection.execute(order, parameters));"
            " self._database.run(lambda connection: connection.execute("
            "'INSERT INTO orders.outbox' + outbox, parameters))"
        ),
        fault=die("database", "create_order", b"INSERT INTO orders.outbox"),
        kind="lost",
    ),
    "nothing that makes an order's invoice unique": Mutant(
        file="functions/invoice_consumer/repository.py",
        old="WHERE NOT EXISTS (SELECT FROM invoices.invoices existing WHERE existing.order_id = incoming.order_id)",
        new="",
        statement="ALTER TABLE invoices.invoices DROP CONSTRAINT invoices_order_id_key",
        undo="ALTER TABLE invoices.invoices ADD CONSTRAINT invoices_order_id_key UNIQUE (order_id)",
        fault=send_copies,
        kind="duplicate",
    ),
    "a batch that is answered before it is committed": Mutant(
        file="layers/deliveries/python/deliveries/invocation.py",
        old="            report = wait_out(",
        new=(
            "            import threading\n"
            "            threading.Timer(0.2, wait_out, [batch], {'consumer': deps.consumer, 'log': log,"
            " 'unavailable': unavailable, 'remaining_s': lambda: 60.0}).start()\n"
            "            return Report()\n"
            "            report = wait_out("
        ),
        fault=die("database", "invoice_consumer", b"COMMIT"),
        kind="lost",
    ),
    "a relay that tries no row twice": Mutant(
        file="functions/outbox_relay/repository.py",
        old="AND (attempts > 0) = %(failed_before)s",
        new="AND attempts = 0 AND NOT %(failed_before)s",
        fault=refuse_a_row,
        kind="stalled",
        says="1 outbox rows, 1 due",
        settles_within_s=9.0,
    ),
    "a payment's event that no outbox keeps": Mutant(
        file="layers/payments/python/payments/repository.py",
        old="connection.execute(statements.INSERT_EVENT, row_parameters(",
        new="dict(row_parameters(",
        fault=die("broker", "invoices_publisher", BASIC_PUBLISH),
        kind="stalled",
        says="its invoice is paid, and the order is pending",
    ),
}


@pytest.fixture(scope="module")
def live_without_functions(live: LiveSystem) -> Iterator[LiveSystem]:
    live.run("stop", "emulator")
    yield live
    live.run("start", "emulator")


@pytest.mark.parametrize("name", MUTANTS)
def test_a_version_that_lacks_a_guarantee_is_caught(
    live_without_functions: LiveSystem, tmp_path: Path, name: str
) -> None:
    mutant, live = MUTANTS[name], live_without_functions
    with emulator_of(live, mutated_root(tmp_path, mutant)), empty_tables(live.world(), mutant):
        verdict = tormented(begin(live.world()), mutant)

    assert mutant.kind in {violation.kind for violation in verdict.violations}, verdict
    first = next(each for each in verdict.violations if each.kind == mutant.kind)
    assert (mutant.says in first.what) if mutant.says else ("client" in first.story)


def tormented(run: Run, mutant: Mutant) -> Verdict:
    with busy_clients(run.world, Behaviour(seed=1, count=2, pause_s=0.2, key_share=0.0)):
        mutant.fault(run.world)
    stalled_after_s = min(STALLED_AFTER_S, mutant.settles_within_s - 2)
    return heal_and_check(run, timeout_s=mutant.settles_within_s, stalled_after_s=stalled_after_s)[0]


def mutated_root(folder: Path, mutant: Mutant) -> Path:
    """A copy of the sources with the mutation."""
    for name in ("functions", "layers", "migrations"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    file = folder / mutant.file
    text = file.read_text()
    assert mutant.old in text, f"{mutant.file} has changed: mend the mutant"
    file.write_text(text.replace(mutant.old, mutant.new))
    return folder


@contextmanager
def emulator_of(live: LiveSystem, root: Path) -> Iterator[None]:
    """The functions of other sources, where the system has none."""
    world, folder = live.world(), live.system.folder
    port = str(live.system.ports.aws)
    plan = root / "plan.json"
    # The database and the broker are as a deployment leaves them.
    plan.write_text(json.dumps(json.loads(folder.plan.read_text()) | {"invocations": []}))
    arguments = ["--plan", plan, "--values", folder.values, "--secrets", folder.secrets]
    arguments += ["--state", root / "state", "--root", root, "--port", port]
    argv = [sys.executable, "-m", "localregion.aws", *map(str, arguments)]
    emulator = Process("emulator", Command(argv=argv, cwd=ROOT, environment=python_environment()), log=root / "log")
    try:
        world.until(world.is_healthy, f"the mutant's emulator did not come up: {root / 'log'}")
        yield
    finally:
        emulator.stop()


@contextmanager
def empty_tables(world: World, mutant: Mutant) -> Iterator[None]:
    """Nothing of before, and nothing of the mutant's damage afterwards."""
    empty(world)
    if mutant.statement:
        execute(world, mutant.statement)
    try:
        yield
    finally:
        empty(world)
        if mutant.undo:
            execute(world, mutant.undo)


def empty(world: World) -> None:
    execute(world, f"TRUNCATE {TABLES} CASCADE")
    for counter in ("invoice_counter", "credit_note_counter"):
        execute(world, f"UPDATE invoices.{counter} SET last_number = 0")


def execute(world: World, statement: str) -> None:
    with world.postgres() as connection:
        connection.execute(statement)
