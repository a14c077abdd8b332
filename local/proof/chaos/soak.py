"""`python -m proof.chaos.soak`: steady load on a system of its own, and what it holds before and after.

Nothing may grow with the number of requests: memory, file handles, threads, execution environments, connections,
channels, outbox rows, expired idempotency keys. Exit status 1 when something does, or when an order is lost or doubled.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from proof.arguments import Parser, seconds
from proof.chaos import report
from proof.chaos.clients import Behaviour
from proof.chaos.own_system import run_on_own_system
from proof.chaos.run import Run, begin, busy_clients, heal_and_check, wait_until_settled
from proof.chaos.world import World
from proof.checkout import ROOT

WARM_UP_S = 60.0
_AGE_EVERY_S = 15.0
_PARTS = ("supervisor", "emulator", "gateway", "rabbitmq", "console")
# What the emulator holds for each: its Runtime API's sockets, its output's pipes, a handle of the process.
_HANDLES_OF_AN_ENVIRONMENT = 5
# The console keeps so much of traces at most, read and unread, and need not be full when the load begins.
_TRACES_MB = 64 + 48
_FUNCTIONS = ("create_order", "get_order", "invoice_consumer", "outbox_relay")

# As if their 24 hours had passed.
_AGE_KEYS = """
UPDATE orders.idempotency_keys
SET created_at = created_at - interval '2 days', expires_at = expires_at - interval '2 days'
WHERE expires_at > clock_timestamp() AND created_at < clock_timestamp() - interval '60 s'
"""
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename IS NOT NULL"
_EXPIRED_KEYS = "SELECT count(*) FROM orders.idempotency_keys WHERE expires_at < clock_timestamp()"

Figures = dict[str, int]


def sample(world: World) -> Figures:
    """Return what the system holds now."""
    pids = world.endpoints["pids"]
    figures: Figures = {}
    for part in _PARTS:
        figures.update({f"{part} {name}": value for name, value in process_figures(pids[part]).items()})
    environments = [env for name in _FUNCTIONS for env in world.environments(name)]
    figures["environments"] = len(environments)
    figures["environments' largest memory, MB"] = max((_memory_mb(env["pid"]) for env in environments), default=0)
    figures["Postgres connections"] = int(world.query(_CONNECTIONS)[0][0])
    figures["RabbitMQ connections"] = len(world.management.get("connections"))
    figures["RabbitMQ channels"] = len(world.management.get("channels"))
    figures["outbox rows"] = int(world.query("SELECT count(*) FROM orders.outbox")[0][0])
    figures["expired idempotency keys"] = int(world.query(_EXPIRED_KEYS)[0][0])
    figures["delivery attempts noted"] = int(world.query("SELECT count(*) FROM invoices.delivery_attempts")[0][0])
    return figures


def process_figures(pid: int) -> Figures:
    """Return resident memory, open file handles and threads of a process, as the kernel counts them."""
    process = psutil.Process(pid)
    return {
        "memory, MB": process.memory_info().rss // 2**20,
        "file handles": process.num_fds(),
        "threads": process.num_threads(),
    }


def _memory_mb(pid: int) -> int:
    """Return the memory of an environment, 0 when it has ended meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process_figures(pid)["memory, MB"]
    return 0


def allowed(name: str, before: int, *, new_environments: int) -> int:
    """Return the largest figure afterwards that is no leak: memory breathes, pools move by a few, the rest is fixed."""
    if "memory" in name:
        return before + max(25, before * 15 // 100) + (_TRACES_MB if name.startswith("console") else 0)
    if name in ("outbox rows", "expired idempotency keys", "delivery attempts noted"):
        return 0
    if name == "emulator file handles":
        return before + 8 + _HANDLES_OF_AN_ENVIRONMENT * new_environments
    return before + 8


def leaks(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Return the names of what grew."""
    new = max(0, after.get("environments", 0) - before.get("environments", 0))
    return [name for name in after if after[name] > allowed(name, before[name], new_environments=new)]


def soak(run: Run, *, seconds: float) -> bool:
    """Load the system and compare; True when nothing leaks and every order is right."""
    world = run.world
    print(f"{WARM_UP_S:.0f} s to warm up, {seconds:.0f} s of load", flush=True)
    behaviour = Behaviour(seed=1, count=8, pause_s=0.0, keys_live_s=20.0)
    with busy_clients(world, behaviour), aged_keys(world):
        threading.Event().wait(WARM_UP_S)
        warm = len(world.history.requests)
        before = sample(world)
        _for(seconds, world)
        rate = (len(world.history.requests) - warm) / seconds
    wait_until_settled(world)
    # The keys that were used last, and the idle connections of the last requests.
    world.until(lambda: int(world.query(_EXPIRED_KEYS)[0][0]) == 0, "expired keys stayed", timeout_s=150)
    after = sample(world)
    grown = leaks(before, after)
    print(f"\n{rate:.0f} requests/s for {seconds:.0f} s\n\n{'':<40} {'before':>8} {'after':>8}")
    for name, value in after.items():
        print(f"{name:<40} {before[name]:>8} {value:>8}{'   LEAK' if name in grown else ''}", flush=True)
    verdict, records = heal_and_check(run)
    print("\n" + "\n".join(report.lines(world.history, records, verdict)))
    for violation in verdict.violations:
        print(f"\nVIOLATION {violation.shown()}")
    return not grown and not verdict.violations


@contextlib.contextmanager
def aged_keys(world: World) -> Iterator[None]:
    """Let idempotency keys expire all the time, so that purging them is part of the load."""
    is_over = threading.Event()

    def age() -> None:
        while not is_over.wait(_AGE_EVERY_S):
            with contextlib.closing(world.postgres()) as connection:
                connection.execute(_AGE_KEYS)

    thread = threading.Thread(target=age, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _for(seconds: float, world: World) -> None:
    """Wait, and say every minute how far it is."""
    is_over = threading.Event()
    timer = threading.Timer(seconds, is_over.set)
    timer.start()
    try:
        while not is_over.wait(60):
            print(f"  {len(world.history.requests)} requests", flush=True)
    finally:
        timer.cancel()


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="soak", description=__doc__)
    parser.add_argument("--seconds", type=seconds, default=600)
    parser.add_argument("--folder", type=Path, default=ROOT / ".local" / "soak", help="where its state goes")
    options = parser.parse_args(arguments)
    return run_on_own_system(options.folder, lambda system: soak(begin(system.world()), seconds=options.seconds))


if __name__ == "__main__":
    sys.exit(main())
