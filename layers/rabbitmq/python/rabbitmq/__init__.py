"""How a function publishes to RabbitMQ: confirmed, mandatory, and never later than its own deadline."""

from rabbitmq.connection import Message
from rabbitmq.errors import (
    BrokerUnavailableError,
    NackedError,
    PublishError,
    RefusedError,
    UnconfirmedError,
    UnroutableError,
)
from rabbitmq.publisher import Publisher

__all__ = [
    "BrokerUnavailableError",
    "Message",
    "NackedError",
    "PublishError",
    "Publisher",
    "RefusedError",
    "UnconfirmedError",
    "UnroutableError",
]
