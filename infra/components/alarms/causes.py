"""Which alarms are one alarm: what is told for a cause, and what follows from it and is not told beside it.

A cause is known within some three minutes, what follows from it later; that waits `wait_s` for a cause before it is
told, and a while after the cause is over. Alarms that stand in no rule here are told by themselves.
"""

from collections.abc import Mapping

from components.alarms import objectives
from components.alarms.model import Alarm, Composite, all_of, any_of

# What piled up meanwhile is worked off, and short windows run out.
EXTENSION_S = 900
# `publish-failures` takes five minutes longer than `outbox-age`: only both together say that the broker is away.
OUTBOX_WAIT_S = 600
_STRAINS = ("database-load", "database-memory", "database-credits", "database-connections", "database-borrowing")


def composites_of(alarms: Mapping[str, Alarm]) -> dict[str, Composite]:
    """Return them by name, each behind those that it refers to."""
    return {**_CAUSES, **_EXPLANATIONS, **_SYMPTOMS, "database-strained": _strained(alarms)}


_CAUSES = {
    "database-away": Composite(
        rule=f"{any_of('database-availability')} OR {all_of('orders-relay-errors', 'invoices-relay-errors')}",
        meaning="The database is away: the proxy does not reach it, or both relays fail.",
    ),
    "broker-away": Composite(
        rule=f"{any_of('broker-silent')} OR (ALARM(outbox-age) AND "
        f"({any_of('publish-failures', 'payment-publish-failures')}))",
        meaning="The broker is away: it reports nothing, or events wait and none is confirmed.",
    ),
}
_EXPLANATIONS = {
    "requests-explained": Composite(
        rule=any_of("database-away", "gateway-away"), meaning="A cause of failing requests is known.", is_told=False
    ),
    "invoices-explained": Composite(
        rule=any_of("database-away", "broker-away"), meaning="A cause of late invoices is known.", is_told=False
    ),
}
_SYMPTOMS = {
    "orders-refused": Composite(
        rule=f"{any_of('gateway-5xx', 'balancer-5xx')} OR {objectives.rule_of('accepted')}",
        suppressed_by="requests-explained",
        meaning="Requests are answered with 5xx, more of them than the objective leaves.",
    ),
    "requests-slow": Composite(
        rule="ALARM(latency) AND NOT ALARM(database-load)",
        suppressed_by="requests-explained",
        meaning="Requests take too long, and not because the database is busy.",
    ),
    "invoices-late": Composite(
        rule=any_of(
            "consumer-errors", "queue-depth", "orders-without-invoice", "canceled-orders-without-canceled-invoice"
        )
        + f" OR {objectives.rule_of('invoiced')}",
        suppressed_by="invoices-explained",
        meaning="Orders wait too long for their invoices.",
    ),
    "orders-unaware": Composite(
        rule=any_of("updater-errors", "paid-invoices-without-paid-order", "paid-orders-without-paid-invoice"),
        suppressed_by="invoices-explained",
        meaning="Orders do not hear what becomes of their invoices.",
    ),
    "relays-failing": Composite(
        rule=any_of("orders-relay-errors", "invoices-relay-errors"),
        suppressed_by="database-away",
        meaning="One of the relays fails.",
    ),
    "audit-silent": Composite(
        rule=any_of("audit-runs", "audit-behind", "operations-errors"),
        suppressed_by="database-away",
        meaning="The audit does not run, or does not keep up: what it would find is not known.",
    ),
    "events-held": Composite(
        rule=any_of("outbox-age", "publish-failures", "payment-publish-failures"),
        suppressed_by="broker-away",
        wait_s=OUTBOX_WAIT_S,
        meaning="Events do not reach the broker, or not at once.",
    ),
    "gateway-impaired": Composite(
        rule=any_of("unhealthy-hosts", "gateway-configuration", "customers-unpublished"),
        suppressed_by="gateway-away",
        meaning="Kong answers, but a task of it is unhealthy or has no news of customers.",
    ),
}


def _strained(alarms: Mapping[str, Alarm]) -> Composite:
    return Composite(
        rule=any_of(*(name for name in _STRAINS if name in alarms)),
        suppressed_by="database-away",
        meaning="The database is near one of its limits.",
    )


def told(alarms: Mapping[str, Alarm], composites: Mapping[str, Composite]) -> set[str]:
    """The names of the alarms that people hear of."""
    parts = {child for composite in composites.values() for child in composite.children()}
    # What explains others is told itself: a cause is no part of what it explains.
    causes = {child for composite in composites.values() if not composite.is_told for child in composite.children()}
    alone = {name for name in alarms if name not in parts or name in causes}
    return alone | {name for name, composite in composites.items() if composite.is_told}


def section_of(name: str, composites: Mapping[str, Composite], are_told: set[str]) -> str:
    """The section of docs/operations.md that says what to do: an alarm's own, or that of what it is told as."""
    if name in are_told:
        return name
    whole = [each for each, composite in composites.items() if each in are_told and name in composite.children()]
    # Of a symptom and its cause the symptom: the cause is told by itself.
    return whole[-1] if whole else ONE_CAUSE


ONE_CAUSE = "one-cause-one-mail"
