"""A whole system of the tests' own, booted from `infra/` by the commands that `make` calls, beside any that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from system.ports import Ports, free_ports
from system.rabbitmq import RabbitMQMissingError, find_script

ROOT = Path(__file__).parents[2]
INVOICED_TIMEOUT_S = 100


@dataclass(frozen=True)
class LiveSystem:
    """The running system: its endpoints, its commands, its database."""

    endpoints: dict[str, Any]
    environ: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m system …`, as the Makefile calls it."""
        return run_system(self.environ, *arguments)

    def current(self) -> dict[str, Any]:
        """endpoints.json as it is now: process ids change when a part restarts."""
        found: dict[str, Any] = json.loads((Path(self.environ["LOCAL_DIR"]) / "endpoints.json").read_text())
        return found

    def client(self, customer: str = "demo") -> httpx.Client:
        """An HTTP client of this customer; close it."""
        headers = {"apikey": self.endpoints["keys"][customer]}
        return httpx.Client(base_url=self.endpoints["gateway"], headers=headers, timeout=30)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.endpoints["postgres"]) as connection:
            return connection.execute(statement).fetchall()

    def counts(self) -> dict[str, int]:
        """What is in the tables; `uninvoiced` orders, `doubled` invoices and `gaps` in their numbers."""
        row = self.query(
            "SELECT (SELECT count(*) FROM orders.orders), (SELECT count(*) FROM orders.outbox),"
            " (SELECT count(*) FROM orders.orders o WHERE NOT EXISTS"
            " (SELECT FROM invoices.invoices i WHERE i.order_id = o.order_id)),"
            " count(*), count(*) - count(DISTINCT order_id), coalesce(max(number), 0) - count(*),"
            " (SELECT count(*) FROM invoices.parked_messages) FROM invoices.invoices"
        )[0]
        names = ("orders", "outbox", "uninvoiced", "invoices", "doubled", "gaps", "parked")
        return dict(zip(names, row, strict=True))

    def wait_until_invoiced(self, timeout_s: float = INVOICED_TIMEOUT_S) -> dict[str, int]:
        """Wait until every order has its invoice and the outbox is empty; return the counts."""
        wait_for(self.is_invoiced, timeout_s=timeout_s, what=self.counts)
        return self.counts()

    def is_invoiced(self) -> bool:
        counts = self.counts()
        return counts["uninvoiced"] == counts["outbox"] == 0


def wait_for(condition: Callable[[], bool], *, timeout_s: float, what: Callable[[], object]) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what()}"
        time.sleep(0.1)


def run_system(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "system", *arguments], env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"system {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSystem]:
    """The system, up."""
    try:
        find_script()
    except RabbitMQMissingError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("local")
    for parent in [folder, *folder.parents[:2]]:
        parent.chmod(0o711)  # Postgres does not run as root and has to reach its data
    names = Ports.from_environment({}).environment()
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    environ = {**os.environ, **ports, "LOCAL_DIR": str(folder), "PYTHONPATH": str(ROOT / "local")}
    try:
        run_system(environ, "up")
        yield LiveSystem(endpoints=json.loads((folder / "endpoints.json").read_text()), environ=environ)
    finally:
        run_system(environ, "down")
