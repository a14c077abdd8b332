"""How a function publishes to RabbitMQ: confirmed, mandatory, and never later than its own deadline."""

from rabbitmq.errors import (
    BlockedError,
    BrokerUnavailableError,
    ConnectionLostError,
    NackedError,
    PublishError,
    RefusedError,
    UnconfirmedError,
    UnroutableError,
)
from rabbitmq.messages import Message
from rabbitmq.publisher import Publisher

__all__ = [
    "BlockedError",
    "BrokerUnavailableError",
    "ConnectionLostError",
    "Message",
    "NackedError",
    "PublishError",
    "Publisher",
    "RefusedError",
    "UnconfirmedError",
    "UnroutableError",
]
