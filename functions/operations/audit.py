"""Audit the guarantees: every order has its invoice (G1), and only one that fits it (G2); nothing waits unnoticed (G3);
money adds up (G8).

Read only. An order is expected to be invoiced, and an event published, when it is older than the audit's age; an outage
of the broker shows as long as it lasts. An audit of the last days looks only at orders of those days, and at the latest
numbers of invoices and credit notes: what a schedule can afford every few minutes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from operations import audit_queries as queries
from operations import repository
from operations.findings import FINDINGS, METRICS, MONEY_TO_RETURN, UNWATCHED_METRICS

LISTED_MAX = 100
DAY_S = 86_400
NUMBERS_OF_A_RECENT_AUDIT = 100_000
ALL_NUMBERS = 2**62


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found, and how many there are of each by the name of its metric."""

    report: dict[str, Any]
    metrics: dict[str, int]


def audit(connection: psycopg.Connection[Any], *, older_than_s: int, days: int | None) -> Findings:
    """Raises psycopg.Error."""
    parameters = {
        "since": first_id(days),
        "older_than_s": older_than_s,
        "numbers": ALL_NUMBERS if days is None else NUMBERS_OF_A_RECENT_AUDIT,
        "limit": LISTED_MAX,
    }
    asked = FINDINGS | MONEY_TO_RETURN
    found = {name: queries.find(connection, each.statement, parameters) for name, each in asked.items()}
    outbox_rows, oldest_age_s = queries.outbox(connection)
    _, waiting = repository.count_parked(connection)
    metrics = {metric: found[name].total for name, metric in (METRICS | UNWATCHED_METRICS).items()}
    metrics |= {
        "AuditRuns": 1,
        "OutboxRows": outbox_rows,
        "OutboxOldestAgeSeconds": oldest_age_s,
        "ParkedMessages": waiting,
    }
    healthy = waiting == 0 and not any(found[name].total for name in FINDINGS)
    findings = {
        name: {"count": each.total, "first": [asked[name].show(*row) for row in each.rows]}
        for name, each in found.items()
    }
    outbox = {"rows": outbox_rows, "oldestAgeSeconds": oldest_age_s}
    report = {"healthy": healthy, **findings, "parkedMessages": {"count": waiting}, "outbox": outbox}
    return Findings(report=report, metrics=metrics)


def first_id(days: int | None) -> UUID:
    """The smallest order id (UUID version 7) that can be from the last `days`; None: of all."""
    if days is None:
        return UUID(int=0)
    milliseconds = max(0, int((time.time() - days * DAY_S) * 1000))
    return UUID(int=milliseconds << 80)
