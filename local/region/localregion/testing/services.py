"""Real services of a test session's own: ephemeral, on free ports, stopped, started and frozen as a test wants.

They are the local system's own Postgres and RabbitMQ (`localregion/system`): what starts them for tests starts them in
`make up`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from localregion.services import unprivileged
from localregion.services.ports import free_ports
from localregion.services.postgres import Postgres
from localregion.services.process import Command, Process
from localregion.services.rabbitmq import RabbitMQ, find_script

BOOT_TIMEOUT_S = 180


class Service:
    """One process that can be stopped, started, frozen and thawed; `start` returns once it answers."""

    def __init__(self, name: str, command: Callable[[], Command], is_ready: Callable[[], bool], log: Path) -> None:
        self.name = name
        self._command = command
        self._is_ready = is_ready
        self._log = log
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self) -> None:
        if self._process is None:
            self._process = Process(self.name, self._command(), log=self._log)
        self.wait_until_ready()

    def stop(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.stop()

    def freeze(self) -> None:
        """Stop it with SIGSTOP: its ports still take connections, nothing answers."""
        self._running().freeze()

    def thaw(self) -> None:
        self._running().thaw()

    def wait_until_ready(self) -> None:
        process = self._running()
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        while not self._is_ready():
            if process.exit_code() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.name} did not start:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.05)

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} is stopped")
        return self._process


class RunningPostgres(Service):
    """A Postgres cluster; `dsn` is the superuser's."""

    def __init__(self, folder: Path, *, bin_dir: Path | None, is_durable: bool) -> None:
        self.cluster = Postgres(folder / "postgres", port=free_ports(1)[0], bin_dir=bin_dir, is_durable=is_durable)
        self.cluster.prepare()
        self.host = self.cluster.host
        self.port = self.cluster.port
        self.dsn = self.cluster.dsn
        super().__init__("postgres", self.cluster.command, self.cluster.is_ready, folder / "postgres.log")

    def bootstrap(self, *, database: str, user: str, password: str) -> None:
        """Make a master user like RDS's and the database that it owns."""
        self.cluster.bootstrap(database=database, user=user, password=password)

    def dsn_for(self, user: str, password: str, database: str) -> str:
        return self.cluster.dsn_for(user, password, database)


class RunningRabbitMQ(Service):
    """A RabbitMQ node with its epmd; `amqp_url` holds the administrator's credentials, `endpoint` none.

    It runs as an ordinary user, also where the tests run as root; `make up` runs it as its caller.
    """

    def __init__(self, folder: Path) -> None:
        port, management_port, dist_port, epmd_port = free_ports(4)
        self.node = RabbitMQ(
            folder / "rabbitmq",
            username="admin",
            port=port,
            management_port=management_port,
            dist_port=dist_port,
            epmd_port=epmd_port,
        )
        self.node.prepare()
        for path in (folder / "rabbitmq", *(folder / "rabbitmq").rglob("*")):
            if not path.is_symlink():
                unprivileged.hand_over(path)
        self.port = port
        self.amqp_url = self.node.amqp_url
        self.endpoint = self.node.endpoint
        self.management_url = self.node.management_url
        self.username = self.node.username
        self.password = self.node.password
        self.vhost = self.node.virtual_host
        self._epmd = Service("epmd", self.node.epmd_command, self.node.is_epmd_ready, folder / "epmd.log")
        super().__init__("rabbitmq", self._command_of_user, self.node.is_ready, folder / "rabbitmq.log")

    def start(self) -> None:
        self._epmd.start()
        super().start()

    def stop(self) -> None:
        super().stop()
        self._epmd.stop()

    def _command_of_user(self) -> Command:
        command = self.node.command()
        return replace(command, argv=unprivileged.command(command.argv, needs=[find_script()]))
