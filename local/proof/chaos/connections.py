"""Connections to Postgres that are kept: making one costs both sides 50 ms of a processor, asking over it hardly one.

(SCRAM-SHA-256 with its 4,096 rounds, and a process of the server's.) Without them, polling would itself be the load.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from localregion.services.postgres import Postgres
from localregion.system import endpoints
from localregion.system.folder import Folder

Connection = psycopg.Connection[Any]


class Connections:
    """As many as are asked for at a time, made by `connect`; `close` ends those that are not in use."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []

    @contextmanager
    def borrowed(self) -> Iterator[Connection]:
        """A connection, back afterwards; one with which anything went wrong is closed. psycopg.Error."""
        connection = self._kept() or self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _kept(self) -> Connection | None:
        with contextlib.suppress(IndexError):
            while connection := self._idle.pop():
                # A server that ends a session says so: nothing else is to be read.
                if not select.select([connection.fileno()], [], [], 0)[0]:
                    return connection
                connection.close()
        return None

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def superuser_connection(folder: Folder) -> Connection:
    """A superuser's connection to the database of the system in this folder; close it."""
    known = urlsplit(endpoints.load(folder)["postgres"])
    cluster = Postgres(folder.data("postgres"), port=known.port or 0)
    dsn = urlunsplit(urlsplit(cluster.dsn)._replace(path=known.path))
    return psycopg.connect(dsn, autocommit=True, connect_timeout=5, options="-c default_transaction_read_only=off")
