"""One deadline for everything that a publish needs, also when the broker, its TLS or the resolver hangs."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.integration.layers.broker_queues import message, queue
from tests.integration.layers.conftest import Connect
from tests.integration.layers.proxy import Proxy

from get_order.broker_health import is_answering
from localregion.testing.services import RunningRabbitMQ
from rabbitmq import BrokerUnavailableError, PublishError, UnconfirmedError

DEADLINE_S = 0.5
# For a busy machine; what is measured is that steps do not add up.
OVERRUN_MAX_S = 0.5
# More than the buffers of two sockets take.
LARGE = b"x" * (32 << 20)
TLS_HANDSHAKE_RECORD = b"\x16\x03\x03\x3f\xff"


@contextmanager
def ends_in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < DEADLINE_S + OVERRUN_MAX_S


def published(sender: Any, *messages: Any) -> list[PublishError | None]:
    """Publish within the deadline; what is raised is the outcome of all."""
    with ends_in_time():
        try:
            outcomes: list[PublishError | None] = sender.publish(list(messages), timeout_s=DEADLINE_S)
        except BrokerUnavailableError as error:
            return [error] * len(messages)
    return outcomes


@contextmanager
def peer(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does this with each connection, until it is ended."""
    listener = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            accepted.append(connection)
            threading.Thread(target=serve, args=[connection], daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in accepted:
            connection.close()


def say_nothing(connection: socket.socket) -> None:
    """Accept, read and answer nothing."""


def trickle(beginning: bytes) -> Callable[[socket.socket], None]:
    """A byte at a time, each well within a time-out of its own."""

    def serve(connection: socket.socket) -> None:
        try:
            connection.sendall(beginning)
            while True:
                connection.sendall(b"\x00")
                time.sleep(0.05)
        except OSError:
            return

    return serve


# A frame of 16 MB that never ends, and a TLS handshake that never does.
PEERS = {
    "silent": ("amqp", say_nothing),
    "trickling": ("amqp", trickle(b"\x01\x00\x00\x00\xff\xff\xff")),
    "silent in TLS": ("amqps", say_nothing),
    "trickling in TLS": ("amqps", trickle(TLS_HANDSHAKE_RECORD)),
}


@pytest.mark.parametrize("kind", PEERS)
def test_a_peer_that_never_finishes_its_handshake(publisher: Connect, kind: str) -> None:
    scheme, serve = PEERS[kind]
    with peer(serve) as port:
        (outcome,) = published(publisher(f"{scheme}://127.0.0.1:{port}"), message("any"))
    assert isinstance(outcome, BrokerUnavailableError)


@pytest.mark.parametrize("kind", PEERS)
def test_the_health_check_has_one_deadline_too(kind: str) -> None:
    scheme, serve = PEERS[kind]
    with peer(serve) as port, ends_in_time():
        # A trickling one that speaks no TLS does greet: what follows its first byte is not looked at.
        assert is_answering(f"{scheme}://127.0.0.1:{port}", timeout_s=DEADLINE_S) is (kind == "trickling")


def test_a_broker_that_is_frozen_before_it_is_connected_to(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    rabbitmq.freeze()
    try:
        (outcome,) = published(publisher(), message("any"))
    finally:
        rabbitmq.thaw()
    assert isinstance(outcome, BrokerUnavailableError)


def test_a_broker_that_is_frozen_after_the_handshake(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    with queue(rabbitmq) as (name, _):
        sender = publisher()
        assert sender.publish([message(name)], timeout_s=10) == [None]
        rabbitmq.freeze()
        try:
            outcomes = published(sender, message(name), message(name))
        finally:
            rabbitmq.thaw()
        assert [type(outcome) for outcome in outcomes] == [UnconfirmedError] * 2
        assert sender.publish([message(name)], timeout_s=10) == [None]


def test_a_broker_that_stops_reading(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    with queue(rabbitmq) as (name, _), Proxy(rabbitmq.port) as proxy:
        sender = publisher(f"amqp://127.0.0.1:{proxy.port}")
        assert sender.publish([message(name)], timeout_s=10) == [None]
        proxy.stop_reading()
        (outcome,) = published(sender, message(name, LARGE))
    assert isinstance(outcome, UnconfirmedError)


def test_a_name_that_is_not_resolved_in_time(publisher: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def hang(*_arguments: Any, flags: int = 0, **_options: Any) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            is_over.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        (outcome,) = published(publisher("amqps://broker.test:5671"), message("any"))
        assert "broker.test was not resolved in time" in str(outcome)
        with ends_in_time():
            assert not is_answering("amqps://broker.test:5671", timeout_s=DEADLINE_S)
    finally:
        is_over.set()


@pytest.mark.parametrize("host", ["broker.invalid", "x" * 64 + ".test"])
def test_a_name_that_does_not_exist(publisher: Connect, host: str) -> None:
    (outcome,) = published(publisher(f"amqp://{host}:5672"), message("any"))
    assert isinstance(outcome, BrokerUnavailableError)
    assert host in str(outcome)


def test_time_that_the_secret_took_is_missing_for_the_rest(
    publisher: Connect,
) -> None:
    def slow(timeout_s: float) -> tuple[str, str]:
        assert timeout_s <= DEADLINE_S
        time.sleep(0.8 * DEADLINE_S)
        return "user", "password"

    with peer(say_nothing) as port:
        (outcome,) = published(publisher(f"amqp://127.0.0.1:{port}", credentials=slow), message("any"))
    assert isinstance(outcome, BrokerUnavailableError)


def test_the_record_that_trickles_is_one_that_tls_waits_for() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="x")
    incoming.write(TLS_HANDSHAKE_RECORD + b"\x00" * 100)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
