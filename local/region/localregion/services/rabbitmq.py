"""A private RabbitMQ node: Debian's package `rabbitmq-server`, run as our own user, next to any other instance.

Its own node name, cookie, data, ports and epmd, every listener on 127.0.0.1 (epmd adds `[::1]` by itself). The node's
own administrator is imported as a salted hash at every boot, `guest` never exists; `bootstrap` makes the administrator
that the plan asks for, so the node boots before there is a plan. Queues that the project names are declared; all else
is left to the functions.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from localregion.http_client import HttpError
from localregion.services.management_api import ManagementApi
from localregion.services.plain_path import plain_path
from localregion.services.process import Command
from localregion.services.rabbitmq_home import PRELOAD_FLAGS, make_home

LIBRARY = Path("/usr/lib/rabbitmq/lib")
PLUGINS = ["rabbitmq_management"]
NODE = "localregion@localhost"

# https://www.rabbitmq.com/docs/configure: the broker as Amazon MQ sets it up where that matters to a client.
_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management_port}
loopback_users = none
heartbeat = 60
log.console = true
log.console.level = info
log.file = false
load_definitions = {definitions}
"""


class RabbitMQMissingError(Exception):
    """The package `rabbitmq-server` is not installed."""


def find_script(library: Path = LIBRARY) -> Path:
    """Return the package's own start script, which runs the broker as the current user; RabbitMQMissingError."""
    scripts = sorted(library.glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not scripts or shutil.which("epmd") is None:
        raise RabbitMQMissingError(
            "RabbitMQ is not installed: `apt-get install --no-install-recommends rabbitmq-server`"
        )
    return scripts[-1]


class RabbitMQ:
    """One node below `folder`, with an epmd of its own that has to run first."""

    name = "rabbitmq"
    host = "127.0.0.1"
    virtual_host = "/"

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        management_port: int,
        dist_port: int,
        epmd_port: int,
        username: str = "local-administrator",
    ) -> None:
        self.username = username
        self.port = port
        self.management_port = management_port
        self._dist_port = dist_port
        self._epmd_port = epmd_port
        self._own_folder = folder.resolve()

    @property
    def _folder(self) -> Path:
        """The folder as the start scripts are told it."""
        return plain_path(self._own_folder)

    @property
    def endpoint(self) -> str:
        return f"amqp://{self.host}:{self.port}"

    @property
    def amqp_url(self) -> str:
        """The node's own administrator's URL, credentials and virtual host inside."""
        return self.amqp_url_for(self.username, self.password)

    def amqp_url_for(self, username: str, password: str) -> str:
        credentials = f"{quote(username, safe='')}:{quote(password, safe='')}"
        return f"amqp://{credentials}@{self.host}:{self.port}/{quote(self.virtual_host, safe='')}"

    @property
    def password(self) -> str:
        """The node's own administrator's; made by `prepare`."""
        return self._password_file.read_text().strip()

    @property
    def management_url(self) -> str:
        return f"http://{self.host}:{self.management_port}"

    def prepare(self) -> None:
        """Write the node's configuration; its data stay as they are."""
        self._own_folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        for file in (self._folder / ".erlang.cookie", self._password_file):
            if not file.exists():
                file.touch(mode=0o600)
                file.write_text(secrets.token_hex(20))
        (self._folder / "enabled_plugins").write_text(f"[{','.join(PLUGINS)}].\n")
        make_home(self._home, script=find_script(), plugins=["rabbit", *PLUGINS])
        definitions = self._folder / "definitions.json"
        definitions.touch(mode=0o600)
        definitions.write_text(json.dumps(_definitions(self.username, self.password, self.virtual_host)))
        (self._folder / "rabbitmq.conf").write_text(
            _CONFIGURATION.format(port=self.port, management_port=self.management_port, definitions=definitions)
        )

    def epmd_command(self) -> Command:
        """The name server of Erlang nodes, ours alone; the node would else start one that outlives it."""
        return Command(
            argv=[shutil.which("epmd") or "epmd", "-port", str(self._epmd_port), "-address", self.host],
            cwd=Path("/"),
            environment={"PATH": os.defpath},
        )

    def command(self) -> Command:
        return Command(
            argv=[str(self._home / "sbin" / find_script().name)],
            cwd=Path("/"),
            environment=self._environment(),
            stop_socket=self._stop_socket,
        )

    def is_ready(self) -> bool:
        """Say whether the broker speaks AMQP and the management API knows the administrator."""
        return self._answers_amqp() and self._answers_management()

    def is_epmd_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self._epmd_port), timeout=1):
            return True
        return False

    def bootstrap(self, *, username: str, password: str) -> None:
        """Create or correct one more administrator, with all rights in the virtual host. Raises HttpError."""
        api = self._management_api()
        api.put("users", username, document={"password": password, "tags": "administrator"})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put("permissions", self.virtual_host, username, document=everything)

    def declare_queue(self, name: str) -> None:
        """Create a durable quorum queue; one that is there and the same stays as it is."""
        document = {"durable": True, "arguments": {"x-queue-type": "quorum"}}
        self._management_api().put("queues", self.virtual_host, name, document=document)

    @property
    def _home(self) -> Path:
        return self._folder / "home"

    @property
    def _node(self) -> str:
        """The name that the node's data were written under: another one would begin with an empty broker."""
        written = sorted(path.name for path in (self._folder / "mnesia").glob("*@localhost"))
        return written[0] if written else NODE

    @property
    def _stop_socket(self) -> Path:
        return self._folder / "stop"

    @property
    def _password_file(self) -> Path:
        return self._folder / "administrator-password"

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        # Nothing of the caller's: RABBITMQ_* and ERL_* of another installation would lead the node astray.
        return {
            "PATH": f"/usr/local/bin:/usr/bin:/bin:{os.environ.get('PATH', '')}",
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": self._erlang_arguments(),
            "ERL_AFLAGS": PRELOAD_FLAGS,
            "STOP_SOCKET": str(self._stop_socket),
            # The script then becomes the Erlang machine instead of waiting for it: one pid to know and to signal.
            "RUNNING_UNDER_SYSTEMD": "true",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": self.host,
            "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
        }

    def _erlang_arguments(self) -> str:
        schedulers = min(4, os.cpu_count() or 1)
        # A node that has its name from the start asks for no second Erlang machine, which only looks for epmd.
        return (
            f"+S {schedulers}:{schedulers} +SDcpu {schedulers}:1 -start_epmd false -sname {self._node} "
            "-kernel inet_dist_use_interface {127,0,0,1} "
            f"-kernel inet_dist_listen_min {self._dist_port} -kernel inet_dist_listen_max {self._dist_port}"
        )

    def _answers_amqp(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=2) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            # The first octet of Connection.Start: a method frame.
            return connection.recv(1) == b"\x01"
        return False

    def _answers_management(self) -> bool:
        try:
            self._management_api().get("whoami")
        except HttpError:
            return False
        return True

    def _management_api(self) -> ManagementApi:
        return ManagementApi(self.management_url, username=self.username, password=self.password, timeout_s=5)


def _definitions(username: str, password: str, virtual_host: str) -> dict[str, object]:
    """Return the definitions file that makes the administrator (https://www.rabbitmq.com/docs/definitions)."""
    return {
        "users": [
            {
                "name": username,
                "password_hash": password_hash(password, salt=secrets.token_bytes(4)),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "administrator",
            }
        ],
        "vhosts": [{"name": virtual_host}],
        "permissions": [
            {"user": username, "vhost": virtual_host, "configure": ".*", "write": ".*", "read": ".*"},
        ],
    }


def password_hash(password: str, *, salt: bytes) -> str:
    """Return RabbitMQ's salted SHA-256 (https://www.rabbitmq.com/docs/passwords#computing-password-hash)."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
