"""What the orders system registers: its commands, its part of endpoints.json, the line to paste, its console.

`[tool.localregion]` names this module; the platform imports it and knows nothing else of orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localregion.plan.model import Plan

if TYPE_CHECKING:
    from localregion.console.extension import ConsoleExtension

COMMANDS = {
    "order": "orders.order:main",
    "pay": "orders.pay:main",
    "parked": "orders.operations:parked_main",
    "replay": "orders.operations:replay_main",
    "dismiss": "orders.operations:dismiss_main",
    "outbox": "orders.outbox:outbox_main",
    "postpone": "orders.outbox:postpone_main",
    "remove": "orders.outbox:remove_main",
    "audit": "orders.audit:audit_main",
    "unmatched": "orders.unmatched:unmatched_main",
    "dismiss-unmatched": "orders.unmatched:dismiss_unmatched_main",
    "erase": "orders.erasure:erase_main",
    "customer": "orders.customers:customer_main",
    "customers": "orders.customers:customers_main",
    "keys": "orders.customers:keys_main",
    "suspend": "orders.customers:suspend_main",
    "resume": "orders.customers:resume_main",
    "show": "orders.mending:show_main",
    "match": "orders.mending:match_main",
    "reemit": "orders.mending:reemit_main",
    "free-key": "orders.mending:free_key_main",
    "forget-attempts": "orders.mending:forget_attempts_main",
    "activity": "orders.mending:activity_main",
    "cancel-statement": "orders.mending:cancel_statement_main",
    "openapi": "orders.openapi.__main__:main",
    "chaos": "proof.chaos.__main__:main",
    "soak": "proof.chaos.soak:main",
    "bench": "proof.bench.__main__:main",
}
_WEBHOOKS = "payments/webhooks/"
_CUSTOMERS = ("demo", "other", "limited")
_BODY = '{"amount": 1999, "currency": "BRL"}'


def endpoints(plan: Plan, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the customers' keys, what webhooks about payments are signed with, and the queues by what they are for."""
    keys = {name: secrets[f"gateway/{name}"]["key"] for name in _CUSTOMERS if f"gateway/{name}" in secrets}
    webhooks = {
        name.removeprefix(_WEBHOOKS): secret["current"]
        for name, secret in secrets.items()
        if name.startswith(_WEBHOOKS) and name in plan.secrets
    }
    return {"keys": keys, "webhooks": webhooks, "queues": _queues(plan)}


def invitation(known: Mapping[str, Any]) -> str:
    """Return the one line that `make up` invites to paste."""
    return (
        f"curl -sS -i {known['gateway']}/orders -H 'apikey: {known['keys']['demo']}' "
        f"-H 'Content-Type: application/json' -d '{_BODY}'"
    )


def console() -> ConsoleExtension:
    """Return what orders add to the console."""
    # Not with every command: it loads a web server.
    from orders.console.extension import extension

    return extension()


def _queues(plan: Plan) -> dict[str, str]:
    """Name the mappings' queues by what they are for: a queue of dead letters says so."""
    named = {}
    for mapping in plan.event_source_mappings:
        purpose, _, dead = mapping.queue.partition(".")[2].partition(".")
        name = purpose.replace("-", "_") + ("_dead_letter" if dead else "")
        named["dead_letter" if name == "order_created_dead_letter" else name] = mapping.queue
    return dict(sorted(named.items(), reverse=True))
