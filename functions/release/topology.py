"""The broker's part of a release: exchanges, quorum queues, bindings, policies, users with least privilege.

No delivery limit anywhere: requeueing is immediate, so a limit would dead-letter valid orders during a short outage of
the database, and with them the rest of their batch. RabbitMQ 4.0 and later have a default of 20, which -1 lifts;
before, none is the default and -1 would lose a message at once (`docs/decisions/0005-outages-are-waited-out.md`).
What is in a policy can change on a live queue; an argument of a queue cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts import topology
from release.management_api import ManagementApi

QUORUM: dict[str, Any] = {"durable": True, "arguments": {"x-queue-type": "quorum"}}
NOTHING = ""

# user -> what it may configure, write and read, as regular expressions over names.
PERMISSIONS: dict[str, dict[str, str]] = {
    "orders_publisher": {"configure": NOTHING, "write": f"^{topology.ORDERS_EXCHANGE}$", "read": NOTHING},
    "invoices_mapping": {
        "configure": NOTHING,
        "write": NOTHING,
        "read": f"^({topology.ORDER_CREATED_QUEUE}|{topology.DEAD_LETTER_QUEUE})$".replace(".", "\\."),
    },
}


class UnknownUserError(Exception):
    """The input names a user for which there are no permissions here."""


def declare(api: ManagementApi) -> str:
    """Declare everything but users; returns the broker's version."""
    version = str(api.get("overview")["rabbitmq_version"])
    vhost = topology.VIRTUAL_HOST
    exchange, dead_letter_exchange = topology.ORDERS_EXCHANGE, topology.DEAD_LETTER_EXCHANGE
    api.put("exchanges", vhost, exchange, document={"type": "direct", "durable": True})
    api.put("exchanges", vhost, dead_letter_exchange, document={"type": "fanout", "durable": True})
    # Policies first: a queue must never exist without its dead-letter exchange.
    for name, policy in policies(version).items():
        api.put("policies", vhost, name, document=policy)
    api.put("queues", vhost, topology.DEAD_LETTER_QUEUE, document=QUORUM)
    _bind(api, dead_letter_exchange, topology.DEAD_LETTER_QUEUE, routing_key="")
    api.put("queues", vhost, topology.ORDER_CREATED_QUEUE, document=QUORUM)
    _bind(api, exchange, topology.ORDER_CREATED_QUEUE, routing_key=topology.ORDER_CREATED_ROUTING_KEY)
    return version


def policies(version: str) -> dict[str, dict[str, Any]]:
    """The policies for a broker of this version, by name."""
    no_limit = {"delivery-limit": -1} if int(version.split(".")[0]) >= 4 else {}
    at_least_once = {
        "dead-letter-exchange": topology.DEAD_LETTER_EXCHANGE,
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }
    return {
        "order-created": _policy(topology.ORDER_CREATED_QUEUE, {**at_least_once, **no_limit}),
        "dead-letters": _policy(topology.DEAD_LETTER_QUEUE, {"overflow": "reject-publish", **no_limit}),
    }


def set_users(api: ManagementApi, passwords: Mapping[str, str]) -> None:
    """Create the users, or set their passwords and permissions anew."""
    if unknown := sorted(set(passwords) - set(PERMISSIONS)):
        raise UnknownUserError(f"{', '.join(unknown)}; known are {', '.join(sorted(PERMISSIONS))}")
    for user, password in passwords.items():
        api.put("users", user, document={"password": password, "tags": ""})
        api.put("permissions", topology.VIRTUAL_HOST, user, document=PERMISSIONS[user])


def _bind(api: ManagementApi, exchange: str, queue: str, *, routing_key: str) -> None:
    binding = {"routing_key": routing_key, "arguments": {}}
    api.post("bindings", topology.VIRTUAL_HOST, "e", exchange, "q", queue, document=binding)


def _policy(queue: str, definition: dict[str, Any]) -> dict[str, Any]:
    pattern = "^" + queue.replace(".", "\\.") + "$"
    return {"pattern": pattern, "apply-to": "queues", "priority": 10, "definition": definition}
