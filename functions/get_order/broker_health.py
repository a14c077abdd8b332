"""Is a RabbitMQ there that answers? A frozen one still accepts TCP connections, so we wait for its first frame.

https://www.rabbitmq.com/amqp-0-9-1-reference: the client sends the protocol header, the server Connection.Start. No
credentials are needed up to that point; the broker logs the early end as a handshake that was not finished.
"""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

from sockets import Deadline, Stream

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
FRAME_METHOD = b"\x01"
DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671}


def is_answering(endpoint: str, *, timeout_s: float) -> bool:
    """Whether the broker at `amqp(s)://host:port` greets us within `timeout_s`."""
    address = urlsplit(endpoint)
    port = address.port or DEFAULT_PORTS[address.scheme]
    deadline = Deadline(timeout_s)
    try:
        stream = Stream(address.hostname or "", port, tls=address.scheme == "amqps", deadline=deadline)
        with contextlib.closing(stream):
            stream.send(PROTOCOL_HEADER, deadline)
            return stream.receive(deadline, bytes_max=1) == FRAME_METHOD
    except OSError:
        return False
