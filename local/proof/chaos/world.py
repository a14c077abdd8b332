"""The running system as the faults see it: its network, its processes, its administrators' interfaces.

Clients go through the gateway; the nemesis goes around everything: straight to Postgres and RabbitMQ, past the proxies.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pika
import psutil
import psycopg

from contracts import topology
from localregion import http_client
from localregion.http_client import HttpError
from localregion.services.management_api import ManagementApi
from localregion.services.process import Record, freeze, thaw
from localregion.services.rabbitmq import NODE
from localregion.system import endpoints
from localregion.system.folder import Folder
from localregion.system.status import emulator_status, unhealthy_reason
from proof.chaos.amounts import Amounts
from proof.chaos.connections import Connection, Connections, superuser_connection
from proof.chaos.history import History
from proof.chaos.proxy import Link

PATIENCE_S = 120.0
# A broker that was killed while it booted boots anew; on a busy machine that takes minutes.
RESTART_PATIENCE_S = 300.0
QUERY_PATIENCE_S = 20.0
QUEUES = tuple(name for queue in topology.QUEUES for name in (queue.name, queue.dead_letter_queue))


class NotBittenError(Exception):
    """A fault was injected and showed no effect: it tested nothing."""


@dataclass
class Sent:
    """What the nemesis put into the queues itself."""

    stray_order_ids: set[str] = field(default_factory=set)
    poison: set[bytes] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *, stray: str | None = None, poison: bytes | None = None) -> None:
        with self._lock:
            if stray is not None:
                self.stray_order_ids.add(stray)
            if poison is not None:
                self.poison.add(poison)


@dataclass(frozen=True, kw_only=True)
class World:
    """`connections` are a superuser's; `database` and `broker` the proxies between the functions and the services."""

    folder: Folder
    connections: Connections
    database: Link
    broker: Link
    history: History
    amounts: Amounts
    sent: Sent = field(default_factory=Sent)

    @property
    def endpoints(self) -> dict[str, Any]:
        """Where everything is now: process ids change when a part is restarted."""
        return endpoints.load(self.folder)

    def pid(self, part: str) -> int:
        """Return a part's process id, 0 while it has none."""
        return int(self.endpoints["pids"][part] or 0)

    def kill(self, part: str) -> int:
        """SIGKILL a part; returns the pid that it had, 0 when it was down already."""
        pid = self.pid(part)
        # The kernel takes 0 for all processes of the caller's own group.
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_restart(self, part: str, old_pid: int) -> None:
        """Wait until the supervisor has started the part again and it answers."""
        self.until(
            lambda: self._runs_anew(part, old_pid), f"{part} was not started again", timeout_s=RESTART_PATIENCE_S
        )

    @contextmanager
    def frozen(self, pid: int) -> Iterator[None]:
        """SIGSTOP a process and all below it."""
        record = Record.of("frozen", pid)
        freeze(record)
        try:
            yield
        finally:
            thaw(record)

    def until(self, condition: Callable[[], bool], complaint: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait for a condition. Raises NotBittenError."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise NotBittenError(f"{complaint} (within {timeout_s:.0f} s)")
            time.sleep(0.15)

    def is_healthy(self) -> bool:
        return unhealthy_reason(emulator_status(self.endpoints["aws"])) is None

    def environments(self, function: str) -> list[dict[str, Any]]:
        """Return the execution environments of a function: pid, state, invocations."""
        status = emulator_status(self.endpoints["aws"]) or {"functions": []}
        return [env for entry in status["functions"] if entry["name"] == function for env in entry["environments"]]

    def mapping(self, queue: str) -> dict[str, Any]:
        status = emulator_status(self.endpoints["aws"]) or {"mappings": []}
        return next((dict(entry) for entry in status["mappings"] if entry["queue"] == queue), {})

    def postgres(self) -> Connection:
        """A superuser's connection of the caller's own; close it."""
        return superuser_connection(self.folder)

    @contextmanager
    def database_lock(self, table: str) -> Iterator[None]:
        """Lock a table against all other sessions."""
        with contextlib.closing(self.postgres()) as connection, connection.transaction():
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield

    def outbox_rows(self) -> int:
        """Events that were not published right after their order was stored."""
        statement = "SELECT count(*) FROM orders.outbox WHERE created_at < clock_timestamp() - interval '0.7 s'"
        return int(self.query(statement)[0][0])

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask Postgres; one that another fault has just killed is waited for, so only ask what may be asked twice."""
        deadline = time.monotonic() + QUERY_PATIENCE_S
        while True:
            try:
                with self.connections.borrowed() as connection:
                    return connection.execute(statement, parameters or None).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.3)

    def publish(self, messages: list[tuple[bytes, dict[str, Any]]], *, is_confirmed: bool = True) -> None:
        """Publish bodies with their properties as the administrator; waiting for each confirm is slow."""
        parameters = pika.URLParameters(self.endpoints["amqp"])
        parameters.blocked_connection_timeout = 60
        with contextlib.closing(pika.BlockingConnection(parameters)) as connection:
            channel = connection.channel()
            if is_confirmed:
                channel.confirm_delivery()
            for body, properties in messages:
                channel.basic_publish(
                    topology.ORDERS_EXCHANGE,
                    topology.ORDER_CREATED_ROUTING_KEY,
                    body,
                    pika.BasicProperties(**properties),
                )

    @property
    def management(self) -> ManagementApi:
        """RabbitMQ's, as its administrator."""
        return ManagementApi.of_system(self.endpoints)

    def close_broker_connections(self, user: str | None = None) -> int:
        """Have the broker close the connections of a user, or all; returns how many it closed."""
        closed = 0
        for connection in self.management.get("connections"):
            if user is None or connection.get("user") == user:
                closed += self._close(connection["name"])
        return closed

    def _close(self, name: str) -> bool:
        try:
            self.management.delete("connections", name)
        except HttpError as error:
            if error.status is None:
                raise
            return False  # It ended meanwhile.
        return True

    def queue_depth(self, queue: str) -> int:
        """Messages in the queue, delivered and unacknowledged ones included."""
        with contextlib.closing(pika.BlockingConnection(pika.URLParameters(self.endpoints["amqp"]))) as connection:
            ready = connection.channel().queue_declare(queue, passive=True).method.message_count
        return int(ready) + int(self.mapping(queue).get("in_flight", 0))

    def invoke(self, function: str, payload: Mapping[str, Any]) -> Any:
        """Invoke a function synchronously. Raises HttpError."""
        url = f"{self.endpoints['aws']}/2015-03-31/functions/{function}/invocations"
        return http_client.call("POST", url, payload, timeout_s=90)

    @contextmanager
    def disabled_mapping(self, queue: str) -> Iterator[None]:
        """Stop the consumer of a queue, by Lambda's UpdateEventSourceMapping."""
        self._enable(queue, False)
        try:
            yield
        finally:
            self._enable(queue, True)

    def _enable(self, queue: str, is_enabled: bool) -> None:
        mapping = self.mapping(queue)
        url = f"{self.endpoints['aws']}/2015-03-31/event-source-mappings/{mapping['uuid']}"
        http_client.call("PUT", url, {"Enabled": is_enabled})
        wanted = "Enabled" if is_enabled else "Disabled"
        self.until(lambda: self.mapping(queue).get("State") == wanted, f"the mapping is not {wanted}")

    @contextmanager
    def memory_size(self, function: str, mb: int) -> Iterator[Callable[[], int]]:
        """Pretend that a function has so little memory; gives how many environments were killed for it since."""
        before = self._memory(function, "PUT", {"mb": mb})
        try:
            yield lambda: self._memory(function, "GET") - before
        finally:
            self._memory(function, "DELETE")

    def _memory(self, function: str, method: str, body: Mapping[str, Any] | None = None) -> int:
        """Ask the emulator for, or change, a function's memory size; returns how many environments were killed."""
        url = f"{self.endpoints['aws']}/_emulator/memory/{function}"
        return int(http_client.call(method, url, body, timeout_s=10)["killed"])

    def requeue_by(self, method: str) -> None:
        """Have the mappings give failed batches back by this method: nack, reject or close."""
        url = f"{self.endpoints['aws']}/_emulator/requeue/{method}"
        http_client.request("PUT", url, timeout_s=10).expect_success()

    def erlang(self, module: str, function: str, arguments: str) -> None:
        """Call a function inside the RabbitMQ node, as `rabbitmqctl` would, at a fraction of its cost."""
        folder = self.folder.data("rabbitmq")
        port = _epmd_port(self.pid("epmd"))
        call = [str(_erl_call()), "-n", NODE, "-a", f"{module} {function} {arguments}"]
        done = _run(call, environment={"HOME": str(folder), "ERL_EPMD_PORT": port, "PATH": os.defpath})
        if done != 0:
            raise NotBittenError(f"erl_call {module}:{function}{arguments} ended with {done}")

    def _runs_anew(self, part: str, old_pid: int) -> bool:
        try:
            pid = self.pid(part)
            if pid in (0, old_pid):
                return False
            if part == "postgres":
                self.postgres().close()
            elif part == "rabbitmq":
                self.management.get("whoami")
            elif part == "gateway":
                http_client.call("GET", self.endpoints["gateway"] + "/health", timeout_s=5)
            return self.is_healthy() if part == "emulator" else True
        except (HttpError, psycopg.Error, TypeError, KeyError, endpoints.NotRunningError):
            return False


def _erl_call() -> Path:
    found = sorted(Path("/usr/lib/erlang").glob("erts-*/bin/erl_call"))
    if not found:
        raise NotBittenError("erl_call is not installed (it comes with Erlang)")
    return found[-1]


def _epmd_port(pid: int) -> str:
    arguments = psutil.Process(pid).cmdline()
    return str(arguments[arguments.index("-port") + 1])


def _run(argv: list[str], *, environment: Mapping[str, str]) -> int:
    done = subprocess.run(argv, env=dict(environment), capture_output=True, timeout=60, check=False)
    return done.returncode
