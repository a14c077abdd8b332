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
    "parked": "orders.operations:parked_main",
    "replay": "orders.operations:replay_main",
    "dismiss": "orders.operations:dismiss_main",
    "outbox": "orders.outbox:outbox_main",
    "postpone": "orders.outbox:postpone_main",
    "remove": "orders.outbox:remove_main",
    "audit": "orders.operations:audit_main",
    "openapi": "orders.openapi.__main__:main",
    "chaos": "proof.chaos.__main__:main",
    "soak": "proof.chaos.soak:main",
    "bench": "proof.bench.__main__:main",
}
_CUSTOMERS = ("demo", "other", "limited")
_BODY = '{"amount": 1999, "currency": "BRL"}'


def endpoints(plan: Plan, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the customers' keys, and the queues by what they are for."""
    keys = {name: secrets[f"gateway/{name}"]["key"] for name in _CUSTOMERS if f"gateway/{name}" in secrets}
    return {"keys": keys, "queues": _queues(plan)}


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
    """Name the mappings' queues by what they are for: the dead-letter queue is the one that says so."""
    queues = [mapping.queue for mapping in plan.event_source_mappings]
    named = {"dead_letter" if queue.endswith("dead-letter") else "order_created": queue for queue in queues}
    return dict(sorted(named.items(), reverse=True))
