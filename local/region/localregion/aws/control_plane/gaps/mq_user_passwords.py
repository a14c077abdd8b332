"""Amazon MQ: the passwords of a broker's users.

AWS makes the users in the broker with the passwords of CreateBroker, and never shows these. moto drops them, so nothing
could make the users. RabbitMQ's users are given at creation only; later they are the broker's own business.
https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from moto.mq.models import Broker

_passwords: WeakKeyDictionary[Broker, dict[str, str]] = WeakKeyDictionary()
_init = Broker.__init__


def passwords_of(broker: Broker) -> dict[str, str]:
    """Return the passwords by user name."""
    return _passwords.get(broker, {})


def _with_passwords(self: Broker, *arguments: Any, **options: Any) -> None:
    _init(self, *arguments, **options)
    _passwords[self] = {user["Username"]: user["Password"] for user in options["users"]}


def fill() -> None:
    Broker.__init__ = _with_passwords  # type: ignore[method-assign]
