"""`python -m proof.chaos`: boot a system of its own, break it for SECONDS by SEED, heal it, check every record.

Exit status 1 when a guarantee broke or a fault had no effect; the history of each order concerned is printed.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from proof.arguments import Parser, seconds
from proof.chaos import nemesis, report
from proof.chaos.clients import Behaviour
from proof.chaos.faults import ALL
from proof.chaos.own_system import run_on_own_system
from proof.chaos.run import Run, begin, busy_clients, heal_and_check
from proof.chaos.world import World
from proof.checkout import ROOT


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return run_on_own_system(
        options.folder,
        lambda system: _torment(begin(system.world()), seconds=options.seconds, seed=options.seed),
        forget=options.forget,
    )


def _torment(run: Run, *, seconds: float, seed: int) -> bool:
    """Break it, heal it, print what came of it; True when nothing is wrong."""
    world = run.world
    is_over = threading.Event()
    timer = threading.Timer(seconds, is_over.set)
    timer.start()
    print(f"breaking it for {seconds:.0f} s, seed {seed}", flush=True)
    with busy_clients(world, Behaviour(seed=seed)):
        progress = threading.Thread(target=_show_progress, args=(world, is_over), daemon=True)
        progress.start()
        failures = nemesis.torment(world, ALL, seed=seed, is_over=is_over)
    timer.cancel()
    print("healing", flush=True)
    verdict, records = heal_and_check(run)
    print(f"\nseed {seed}")
    print("\n".join(report.lines(world.history, records, verdict)))
    for violation in verdict.violations:
        print(f"\nVIOLATION {violation.shown()}")
    for failure in failures:
        print(f"\nfault without effect: {failure} ({', '.join(getattr(failure, '__notes__', []))})")
    return not verdict.violations and not failures


def _show_progress(world: World, is_over: threading.Event) -> None:
    shown = 0
    while not is_over.wait(1):
        injections = world.history.injections
        for injection in injections[shown:]:
            print(f"  {injection.shown()}", flush=True)
        shown = len(injections)


def _parser() -> Parser:
    parser = Parser(prog="chaos", description=__doc__)
    parser.add_argument("--seconds", type=seconds, default=120)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="same seed, same faults (default: the time)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".local" / "chaos", help="where its state goes")
    parser.add_argument("--forget", action="store_true", help="delete its state afterwards")
    return parser


if __name__ == "__main__":
    sys.exit(main())
