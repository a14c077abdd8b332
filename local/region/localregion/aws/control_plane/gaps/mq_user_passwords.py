"""Amazon MQ: the passwords of a broker's users.

AWS makes the users in the broker with the passwords of CreateBroker, and never shows these. moto drops them, so nothing
could make the users. RabbitMQ's users are given at creation only; later they are the broker's own business.
https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from moto.mq.models import Broker

from localregion.aws.control_plane.gaps.construction import after_construction

_passwords: WeakKeyDictionary[Broker, dict[str, str]] = WeakKeyDictionary()


def passwords_of(broker: Broker) -> dict[str, str]:
    """Return the passwords by user name."""
    return _passwords.get(broker, {})


def _keep(broker: Broker, options: dict[str, Any]) -> None:
    _passwords[broker] = {user["Username"]: user["Password"] for user in options["users"]}


def fill() -> None:
    after_construction(Broker, _keep)
