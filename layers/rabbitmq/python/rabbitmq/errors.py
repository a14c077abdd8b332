"""What can become of a publish.

PublishError
├── BrokerUnavailableError   no connection, or the pause after a failure is not over: nothing was sent
├── UnconfirmedError         sent, but the broker's answer did not come in time: it may have the message
│   ├── BlockedError         the broker takes no messages for now
│   └── ConnectionLostError  the connection ended with the message in flight
├── RefusedError             the broker closed channel or connection over it (or its batch), or it cannot be encoded
├── NackedError              the broker did not take it, for example because the queue is full
└── UnroutableError          no queue is bound for it
"""


class PublishError(Exception):
    """The message was not published, as far as we know."""


class BrokerUnavailableError(PublishError):
    """The broker cannot be reached."""


class UnconfirmedError(PublishError):
    """The broker did not confirm in time."""


class BlockedError(UnconfirmedError):
    """The broker has blocked publishers (memory or disk alarm)."""


class ConnectionLostError(UnconfirmedError):
    """The connection ended with the message in flight, or the broker closed it for a reason of its own."""


class RefusedError(PublishError):
    """The broker closed channel or connection over this message or its batch, or it cannot be encoded."""


class NackedError(PublishError):
    """The broker did not take the message (basic.nack)."""


class UnroutableError(PublishError):
    """No queue is bound to the exchange for this routing key (basic.return)."""
