"""A system of the run's own, beside any other: ports and state of its own, proxies between functions and services."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from localregion.project import PACKAGE_PARENT
from localregion.services.ports import Ports, free_ports
from localregion.system.folder import Folder
from proof.chaos.amounts import Amounts
from proof.chaos.connections import Connections, superuser_connection
from proof.chaos.history import History
from proof.chaos.proxy import Network
from proof.chaos.world import World
from proof.checkout import ROOT


class OwnSystemError(Exception):
    """The system did not come up, or did not heal; the text says why."""


class OwnSystem:
    """Not started by its constructor; `down` is always safe to call, and `up` again after it.

    `variables` are what `make` takes from the environment, such as REQUEUE.
    """

    def __init__(self, path: str | Path, **variables: str) -> None:
        self._variables = variables
        self.folder = Folder(Path(path).resolve())
        self.ports = Ports.free()
        self._network = Network()
        postgres, rabbitmq = free_ports(2)
        self._database = self._network.link(server_port=self.ports.postgres, port=postgres)
        self._broker = self._network.link(server_port=self.ports.rabbitmq, port=rabbitmq)
        self._connections = Connections(lambda: superuser_connection(self.folder))

    @property
    def environ(self) -> dict[str, str]:
        """What the commands of `make` need to mean this system."""
        return {
            **os.environ,
            **self._variables,
            **self.ports.environment(),
            "POSTGRES_PROXY_PORT": str(self._database.port),
            "RABBITMQ_PROXY_PORT": str(self._broker.port),
            "LOCAL_DIR": str(self.folder.path),
            "PYTHONPATH": str(PACKAGE_PARENT),
        }

    def world(self) -> World:
        """The door to it, once it is up."""
        return World(
            folder=self.folder,
            connections=self._connections,
            database=self._database,
            broker=self._broker,
            history=History(),
            amounts=Amounts(),
        )

    def down(self) -> None:
        if self.folder.run.exists():
            self.run("down")

    def close(self) -> None:
        """End the proxies and our own connections."""
        self._connections.close()
        self._network.close()

    def run(self, *arguments: str) -> str:
        """`python -m localregion …`, as the Makefile calls it; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "localregion", *arguments],
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise OwnSystemError(f"system {' '.join(arguments)}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout


def run_on_own_system(folder: Path, work: Callable[[OwnSystem], bool], *, forget: bool = False) -> int:
    """Boot a system, work on it, take it down also after a failure; returns an exit status.

    One run at a time has the folder: two would take each other's faults and ends for their own.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"error: another run is at work in {folder}", file=sys.stderr)
            return 1
        return _run(OwnSystem(folder), work, forget=forget)


def _run(system: OwnSystem, work: Callable[[OwnSystem], bool], *, forget: bool) -> int:
    # As Ctrl-C: the system goes down with us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(f"booting a system of its own in {system.folder.path}", flush=True)
        system.run("up")
        return 0 if work(system) else 1
    except OwnSystemError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        system.down()
        system.close()
        if forget:
            shutil.rmtree(system.folder.path, ignore_errors=True)
