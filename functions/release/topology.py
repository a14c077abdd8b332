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


def _exactly(*names: str) -> str:
    return f"^({'|'.join(names)})$".replace(".", "\\.")


def _readable(side: str) -> str:
    """The queues of a side, with those of their dead letters."""
    queues = [queue for queue in topology.QUEUES if queue.side == side]
    return _exactly(*(name for queue in queues for name in (queue.name, queue.dead_letter_queue)))


# user -> what it may configure, write and read, as regular expressions over names.
PERMISSIONS: dict[str, dict[str, str]] = {
    "orders_publisher": {"configure": NOTHING, "write": _exactly(topology.ORDERS_EXCHANGE), "read": NOTHING},
    "invoices_publisher": {"configure": NOTHING, "write": _exactly(topology.INVOICES_EXCHANGE), "read": NOTHING},
    "orders_mapping": {"configure": NOTHING, "write": NOTHING, "read": _readable("orders")},
    "invoices_mapping": {"configure": NOTHING, "write": NOTHING, "read": _readable("invoices")},
}


class UnknownUserError(Exception):
    """The input names a user for which there are no permissions here."""


def declare(api: ManagementApi) -> str:
    """Declare everything but users; returns the broker's version."""
    version = str(api.get("overview")["rabbitmq_version"])
    for exchange in (topology.ORDERS_EXCHANGE, topology.INVOICES_EXCHANGE):
        _exchange(api, exchange, "direct")
    for queue in topology.QUEUES:
        _exchange(api, queue.dead_letter_exchange, "fanout")
    # Policies first: a queue must never exist without its dead-letter exchange.
    for name, policy in policies(version).items():
        api.put("policies", topology.VIRTUAL_HOST, name, document=policy)
    for queue in topology.QUEUES:
        _queue(api, queue.dead_letter_queue)
        _bind(api, queue.dead_letter_exchange, queue.dead_letter_queue, routing_key="")
        _queue(api, queue.name)
        for routing_key in queue.routing_keys:
            _bind(api, queue.exchange, queue.name, routing_key=routing_key)
    return version


def policies(version: str) -> dict[str, dict[str, Any]]:
    """The policies for a broker of this version, by name."""
    no_limit = {"delivery-limit": -1} if int(version.split(".")[0]) >= 4 else {}
    made: dict[str, dict[str, Any]] = {}
    for queue in topology.QUEUES:
        at_least_once = {
            "dead-letter-exchange": queue.dead_letter_exchange,
            "dead-letter-strategy": "at-least-once",
            "overflow": "reject-publish",
        }
        made[queue.policy] = _policy(queue.name, {**at_least_once, **no_limit})
        made[queue.dead_letter_policy] = _policy(queue.dead_letter_queue, {"overflow": "reject-publish", **no_limit})
    return made


def set_users(api: ManagementApi, passwords: Mapping[str, str]) -> None:
    """Create the users, or set their passwords and permissions anew."""
    if unknown := sorted(set(passwords) - set(PERMISSIONS)):
        raise UnknownUserError(f"{', '.join(unknown)}; known are {', '.join(sorted(PERMISSIONS))}")
    for user, password in passwords.items():
        api.put("users", user, document={"password": password, "tags": ""})
        api.put("permissions", topology.VIRTUAL_HOST, user, document=PERMISSIONS[user])


def _exchange(api: ManagementApi, name: str, kind: str) -> None:
    api.put("exchanges", topology.VIRTUAL_HOST, name, document={"type": kind, "durable": True})


def _queue(api: ManagementApi, name: str) -> None:
    api.put("queues", topology.VIRTUAL_HOST, name, document=QUORUM)


def _bind(api: ManagementApi, exchange: str, queue: str, *, routing_key: str) -> None:
    binding = {"routing_key": routing_key, "arguments": {}}
    api.post("bindings", topology.VIRTUAL_HOST, "e", exchange, "q", queue, document=binding)


def _policy(queue: str, definition: dict[str, Any]) -> dict[str, Any]:
    pattern = "^" + queue.replace(".", "\\.") + "$"
    return {"pattern": pattern, "apply-to": "queues", "priority": 10, "definition": definition}
