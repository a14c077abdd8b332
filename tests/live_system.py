"""A whole system of the tests' own, booted from `infra/` by the commands that `make` calls, beside any that runs.

Between its functions and its services stand proxies: transparent until a test breaks the network.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from tests.plain_http import NO_TLS

from proof.chaos.own_system import OwnSystem
from proof.chaos.world import World

INVOICED_TIMEOUT_S = 100


@dataclass(frozen=True)
class LiveSystem:
    """The running system: its endpoints, its commands, its database."""

    system: OwnSystem
    endpoints: dict[str, Any]

    @property
    def environ(self) -> dict[str, str]:
        return self.system.environ

    def run(self, *arguments: str) -> str:
        """`python -m localregion …`, as the Makefile calls it; returns what it printed."""
        return self.system.run(*arguments)

    def world(self) -> World:
        """The same system as a nemesis sees it, with a history of its own."""
        return self.system.world()

    def current(self) -> dict[str, Any]:
        """endpoints.json as it is now: process ids change when a part restarts."""
        return self.world().endpoints

    def client(self, customer: str = "demo") -> httpx.Client:
        """An HTTP client of this customer; close it."""
        headers = {"apikey": self.endpoints["keys"][customer]}
        return httpx.Client(base_url=self.endpoints["gateway"], headers=headers, timeout=30, verify=NO_TLS)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        return self.world().query(statement)

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
        time.sleep(0.2)
