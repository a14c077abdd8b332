"""What can become of a publish.

PublishError
├── BrokerUnavailableError   no connection, or the pause after a failure is not over
├── UnconfirmedError         sent, but the broker's answer did not come in time: it may have the message
├── RefusedError             the broker closed the channel over it (or over its batch), or it cannot be encoded
├── NackedError              the broker did not take it, for example because the queue is full
└── UnroutableError          no queue is bound for it
"""


class PublishError(Exception):
    """The message was not published, as far as we know."""


class BrokerUnavailableError(PublishError):
    """The broker cannot be reached."""


class UnconfirmedError(PublishError):
    """The broker did not confirm in time."""


class RefusedError(PublishError):
    """The broker closed the channel over this message or its batch: its exchange or a property is not acceptable."""


class NackedError(PublishError):
    """The broker did not take the message (basic.nack)."""


class UnroutableError(PublishError):
    """No queue is bound to the exchange for this routing key (basic.return)."""
