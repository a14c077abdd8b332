"""Publish with confirms and `mandatory`, within a time that the caller sets, also when the broker hangs.

One per execution environment. The connection is opened on first use and kept; one that the broker has left meanwhile is
replaced within the same deadline. After a failure there is no attempt for a moment, so an outage costs one request its
deadline and not every request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from rabbitmq.connection import PublisherConnection
from rabbitmq.errors import BrokerUnavailableError, NackedError, PublishError, UnconfirmedError
from rabbitmq.messages import Message
from sockets import Deadline

PAUSE_AFTER_FAILURE_S = 5.0
# Beyond this the load balancer or the broker may have dropped an idle connection without a word to us.
STALE_AFTER_S = 60.0
DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671}

Credentials = Callable[[float], tuple[str, str]]


class Publisher:
    """`endpoint` is `amqps://host:port` or `amqp://…`; `credentials` gets the seconds it may take."""

    def __init__(
        self,
        endpoint: str,
        *,
        credentials: Credentials,
        virtual_host: str = "/",
        pause_after_failure_s: float = PAUSE_AFTER_FAILURE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._virtual_host = virtual_host
        self._pause_s = pause_after_failure_s
        self._clock = clock
        self._connection: PublisherConnection | None = None
        self._used_at = 0.0
        self._paused_until = 0.0

    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]:
        """Publish all; one outcome for each message, None for confirmed.

        Raises BrokerUnavailableError when nothing was sent; what was sent and not confirmed is an UnconfirmedError.
        Ends within `timeout_s`.
        """
        if self._clock() < self._paused_until:
            raise BrokerUnavailableError("not tried: the pause after a failure is not over")
        deadline = Deadline(timeout_s)
        try:
            outcomes = self._live_connection(deadline).publish(messages, deadline)
        except Exception as error:
            self._give_up()
            raise BrokerUnavailableError(f"{type(error).__name__}: {error}") from error
        if any(isinstance(outcome, UnconfirmedError) for outcome in outcomes):
            self._give_up()
        elif any(isinstance(outcome, NackedError) for outcome in outcomes):
            # RabbitMQ goes on refusing on a channel that a full queue has stopped, also when the queue has room again.
            self.close()
        self._used_at = self._clock()
        return outcomes

    def close(self) -> None:
        """Drop the connection, as before a snapshot; the next publish opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _give_up(self) -> None:
        self.close()
        self._paused_until = self._clock() + self._pause_s

    def _live_connection(self, deadline: Deadline) -> PublisherConnection:
        idle_s = self._clock() - self._used_at
        if self._connection is None or idle_s > STALE_AFTER_S or not self._connection.is_usable(deadline):
            self.close()
            self._connection = self._connect(deadline)
        return self._connection

    def _connect(self, deadline: Deadline) -> PublisherConnection:
        address = urlsplit(self._endpoint)
        username, password = self._credentials(deadline.remaining_s())
        return PublisherConnection(
            address.hostname or "",
            address.port or DEFAULT_PORTS[address.scheme],
            tls=address.scheme == "amqps",
            virtual_host=self._virtual_host,
            username=username,
            password=password,
            deadline=deadline,
        )
