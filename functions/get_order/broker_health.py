"""Is a RabbitMQ there that answers? A frozen one still accepts TCP connections, so we wait for its first frame.

https://www.rabbitmq.com/amqp-0-9-1-reference: the client sends the protocol header, the server Connection.Start. No
credentials are needed up to that point; the broker logs the early end as a handshake that was not finished.
"""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
FRAME_METHOD = b"\x01"
DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671}


def is_answering(endpoint: str, *, timeout_s: float) -> bool:
    """Whether the broker at `amqp(s)://host:port` greets us; each step may take `timeout_s`."""
    address = urlsplit(endpoint)
    host = address.hostname or ""
    try:
        with socket.create_connection((host, address.port or DEFAULT_PORTS[address.scheme]), timeout_s) as plain:
            if address.scheme == "amqp":
                return _greets(plain)
            with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as encrypted:
                return _greets(encrypted)
    except OSError:
        return False


def _greets(connection: socket.socket) -> bool:
    connection.sendall(PROTOCOL_HEADER)
    return connection.recv(1) == FRAME_METHOD
