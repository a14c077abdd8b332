"""Audit the guarantees: every order has its invoice (G1), and only one that fits it (G2); nothing waits unnoticed (G3);
money adds up (G8).

An order is expected to be invoiced, and an event published, when it is older than the audit's age; an outage of the
broker shows as long as it lasts. An audit changes no row of orders and invoices. A full one reads everything, or the
orders of the last days and the latest numbers. An incremental one reads what is new or changed (`incremental`) and
knows what it found before: what a schedule can afford every few minutes, however many orders there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from operations import audit_queries as queries
from operations import incremental, progress_repository, publication, repository
from operations.findings import FINDINGS, METRICS, MONEY_TO_RETURN, UNWATCHED_METRICS

LISTED_MAX = 100
DAY_S = 86_400
NUMBERS_OF_A_RECENT_AUDIT = 100_000
# A change of customers is written at once, and tried again every minute.
PUBLISHED_WITHIN_S = 120
ALL_NUMBERS = 2**62
ASKED = FINDINGS | MONEY_TO_RETURN

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found, and how many there are of each by the name of its metric."""

    report: dict[str, Any]
    metrics: dict[str, int]


def audit(connection: Connection, *, older_than_s: int, days: int | None) -> Findings:
    """The full one. Raises psycopg.Error."""
    parameters = {
        "since": first_id(days),
        "older_than_s": older_than_s,
        "numbers": ALL_NUMBERS if days is None else NUMBERS_OF_A_RECENT_AUDIT,
        "limit": LISTED_MAX,
    }
    return _findings(connection, {name: _asked(connection, name, parameters) for name in ASKED})


def audit_incrementally(connection: Connection, *, older_than_s: int, is_deadline_near: Callable[[], bool]) -> Findings:
    """What is open now, by the orders' ids; behind by so many seconds if the time did not suffice.

    Raises psycopg.Error.
    """
    behind_s = incremental.catch_up(connection, older_than_s=older_than_s, is_deadline_near=is_deadline_near)
    found = _remembered(connection)
    parameters = {"older_than_s": older_than_s, "limit": LISTED_MAX}
    small = {name: _asked(connection, name, parameters) for name in ASKED.keys() - found.keys()}
    findings = _findings(connection, {name: (found | small)[name] for name in ASKED})
    return Findings(
        report=findings.report | {"behindSeconds": behind_s},
        metrics=findings.metrics | {"AuditBehindSeconds": behind_s},
    )


def _asked(connection: Connection, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    found = queries.find(connection, ASKED[name].statement, parameters)
    return {"count": found.total, "first": [ASKED[name].show(*row) for row in found.rows]}


def _remembered(connection: Connection) -> dict[str, dict[str, Any]]:
    orders = {
        name: {"count": count, "first": [{"orderId": str(order_id)} for order_id in first]}
        for name, (count, first) in progress_repository.open_findings(connection, LISTED_MAX).items()
    }
    gaps = {}
    for name, series in progress_repository.SERIES.items():
        count, first_gaps = progress_repository.missing_numbers(connection, series, LISTED_MAX)
        gaps[name] = {"count": count, "first": [ASKED[name].show(*gap) for gap in first_gaps]}
    return orders | gaps


def _findings(connection: Connection, found: Mapping[str, Mapping[str, Any]]) -> Findings:
    outbox_rows, oldest_age_s = queries.outbox(connection)
    waiting = repository.count_waiting(connection)
    metrics = {metric: found[name]["count"] for name, metric in (METRICS | UNWATCHED_METRICS).items()}
    metrics |= {"OutboxRows": outbox_rows, "OutboxOldestAgeSeconds": oldest_age_s, "ParkedMessages": waiting}
    metrics["CustomersUnpublishedAgeSeconds"] = unpublished_s = publication.unpublished_age_s(connection)
    metrics["AuditRuns"] = 1
    is_published = unpublished_s <= PUBLISHED_WITHIN_S
    healthy = waiting == 0 and is_published and not any(found[name]["count"] for name in FINDINGS)
    outbox = {"rows": outbox_rows, "oldestAgeSeconds": oldest_age_s}
    report = {"healthy": healthy, **found, "parkedMessages": {"count": waiting}, "outbox": outbox}
    report["customers"] = {"unpublishedAgeSeconds": unpublished_s}
    return Findings(report=report, metrics=metrics)


def first_id(days: int | None) -> UUID:
    """The smallest order id (UUID version 7) that can be from the last `days`; None: of all."""
    if days is None:
        return UUID(int=0)
    milliseconds = max(0, int((time.time() - days * DAY_S) * 1000))
    return UUID(int=milliseconds << 80)
