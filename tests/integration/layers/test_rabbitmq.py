"""The publisher against a real broker: what becomes of each message of a batch, and of a connection that was idle."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.layers.broker_queues import message, queue, taken
from tests.integration.layers.conftest import Connect
from tests.integration.layers.proxy import Proxy

from localregion.testing.services import RunningRabbitMQ
from rabbitmq import BrokerUnavailableError, Message, NackedError, RefusedError, UnconfirmedError, UnroutableError

TIMEOUT_S = 10.0
FRAME_MAX = 131_072
HEARTBEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"
# Methods of the class `connection`, on channel 0: https://www.rabbitmq.com/amqp-0-9-1-reference.
BLOCKED = b"\x01\x00\x00\x00\x00\x00\x0b\x00\x0a\x00\x3c\x06memory\xce"
UNBLOCKED = b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x3d\xce"


@pytest.fixture
def proxy(rabbitmq: RunningRabbitMQ) -> Iterator[Proxy]:
    with Proxy(rabbitmq.port) as between:
        yield between


def through(proxy: Proxy) -> str:
    return f"amqp://127.0.0.1:{proxy.port}"


def kinds(outcomes: list[Any]) -> list[type | None]:
    return [None if outcome is None else type(outcome) for outcome in outcomes]


def test_a_batch_arrives_whole_and_in_order(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    # Longer than a frame, exactly one, and none at all.
    bodies = [b"x" * (3 * FRAME_MAX), b"y" * (FRAME_MAX - 8), b"", *(b"%d" % number for number in range(100))]
    with queue(rabbitmq) as (name, channel):
        outcomes = publisher().publish([message(name, body) for body in bodies], timeout_s=TIMEOUT_S)
        assert outcomes == [None] * len(bodies)
        assert [body for _, body in taken(channel, name)] == bodies


def test_properties_arrive_as_they_were_given(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    given = {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_mode": 2,
        "priority": 7,
        "correlation_id": "c",
        "reply_to": "r",
        "message_id": "m",
        "timestamp": 1_795_000_000,
        "type": "order.created.v1",
        "app_id": "a",
        "headers": {
            "text": "ü",
            "number": -5,
            "large": 2**62,
            "yes": True,
            "nothing": None,
            "list": ["a", 1, {"b": []}],
            "table": {"nested": {"deep": "x"}},
        },
    }
    with queue(rabbitmq) as (name, channel):
        assert publisher().publish([message(name, **given)], timeout_s=TIMEOUT_S) == [None]
        ((properties, _),) = taken(channel, name)
    assert {key: getattr(properties, key) for key in given} == given


def test_a_floating_point_header_is_written_as_amqp_has_it(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    with queue(rabbitmq) as (name, channel):
        outcomes = publisher().publish([message(name, headers={"x": 2.0, "y": [0.5]})], timeout_s=TIMEOUT_S)
        ((properties, _),) = taken(channel, name)
    # pika, which reads it here, cuts off what is behind the point.
    assert (outcomes, properties.headers) == ([None], {"x": 2.0, "y": [0.0]})


def test_one_that_no_queue_takes_is_told_apart_from_its_neighbours(
    publisher: Connect, rabbitmq: RunningRabbitMQ
) -> None:
    with queue(rabbitmq) as (name, channel):
        batch = [message(name), message("nobody-listens"), message(name)]
        outcomes = publisher().publish(batch, timeout_s=TIMEOUT_S)
        assert kinds(outcomes) == [None, UnroutableError, None]
        assert len(taken(channel, name)) == 2


def test_a_full_queue_nacks_what_it_does_not_take(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    with queue(rabbitmq, **limits) as (name, _), queue(rabbitmq) as (other, channel):
        sender = publisher()
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        outcomes = sender.publish([message(other), message(name), message(other)], timeout_s=TIMEOUT_S)
        assert kinds(outcomes) == [None, NackedError, None]
        assert len(taken(channel, other)) == 2


def test_after_a_nack_the_next_message_goes_over_a_new_connection(
    publisher: Connect, rabbitmq: RunningRabbitMQ
) -> None:
    """A channel that a full queue has stopped is refused for ever, also when the queue has room again."""
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    with queue(rabbitmq, **limits) as (name, channel):
        sender = publisher()
        outcomes = sender.publish([message(name)] * 3, timeout_s=TIMEOUT_S)
        assert NackedError in kinds(outcomes)
        assert sender._connection is None
        channel.queue_purge(name)
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]


@pytest.mark.parametrize(
    "properties",
    [
        {"headers": {"long": "x" * FRAME_MAX}},
        {"headers": {"huge": 2**70}},
        {"headers": "none"},
        {"no_such_property": 1},
        {"priority": 256},
        {"timestamp": "yesterday"},
        {"message_id": "x" * 256},
        {"type": "\ud800"},
    ],
    ids=lambda properties: next(iter(properties)),
)
def test_one_that_cannot_be_encoded_stays_behind_and_its_neighbours_go(
    publisher: Connect, rabbitmq: RunningRabbitMQ, properties: dict[str, Any]
) -> None:
    with queue(rabbitmq) as (name, channel):
        sender = publisher()
        batch = [message(name, b"1"), message(name, b"2", **properties), message(name, b"3")]
        assert kinds(sender.publish(batch, timeout_s=TIMEOUT_S)) == [None, RefusedError, None]
        assert kinds(sender.publish([message(name, b"4")], timeout_s=TIMEOUT_S)) == [None]
        assert [body for _, body in taken(channel, name)] == [b"1", b"3", b"4"]


def test_a_channel_that_is_closed_over_a_batch_refuses_it_and_says_why(
    publisher: Connect, rabbitmq: RunningRabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with queue(rabbitmq) as (name, _):
        sender = publisher()
        nowhere = Message(exchange="no-such-exchange", routing_key=name, body=b"", properties={})
        (outcome,) = sender.publish([nowhere], timeout_s=TIMEOUT_S)
        assert isinstance(outcome, RefusedError)
        assert "404 NOT_FOUND - no exchange 'no-such-exchange'" in str(outcome)
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
    assert [record for record in caplog.records if record.name.startswith("pika.channel")] == []


def test_a_wrong_password_is_said(publisher: Connect, rabbitmq: RunningRabbitMQ) -> None:
    sender = publisher(credentials=lambda _: (rabbitmq.username, "wrong"))
    with pytest.raises(BrokerUnavailableError, match="ClosedByBrokerError: 403 ACCESS_REFUSED"):
        sender.publish([message("any")], timeout_s=TIMEOUT_S)


def test_heartbeats_of_an_idle_time_do_not_end_the_connection(
    publisher: Connect, rabbitmq: RunningRabbitMQ, proxy: Proxy
) -> None:
    with queue(rabbitmq) as (name, _):
        sender = publisher(through(proxy))
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        proxy.say(HEARTBEAT * 20)
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
    assert len(proxy.connections) == 1


@pytest.mark.parametrize(("idle_s", "connections"), [(59.0, 1), (61.0, 2)])
def test_a_connection_is_stale_after_a_minute(
    publisher: Connect, rabbitmq: RunningRabbitMQ, proxy: Proxy, idle_s: float, connections: int
) -> None:
    now = [0.0]
    with queue(rabbitmq) as (name, _):
        sender = publisher(through(proxy), clock=lambda: now[0])
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        now[0] += idle_s
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
    assert len(proxy.connections) == connections


def test_a_broker_that_was_blocked_while_nobody_listened_is_asked_on_a_new_connection(
    publisher: Connect, rabbitmq: RunningRabbitMQ, proxy: Proxy
) -> None:
    with queue(rabbitmq) as (name, _):
        sender = publisher(through(proxy))
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        proxy.say(BLOCKED)
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        assert len(proxy.connections) == 2
        proxy.say(BLOCKED + UNBLOCKED)
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        assert len(proxy.connections) == 2


def test_a_broker_that_blocks_a_publish_is_not_waited_for(
    publisher: Connect, rabbitmq: RunningRabbitMQ, proxy: Proxy
) -> None:
    with queue(rabbitmq) as (name, _):
        sender = publisher(through(proxy))
        sender.publish([message(name)], timeout_s=TIMEOUT_S)
        proxy.stop_reading()
        proxy.answer_next_with(BLOCKED)
        (outcome,) = sender.publish([message(name)], timeout_s=TIMEOUT_S)
    assert isinstance(outcome, UnconfirmedError)
    assert "blocked publishing" in str(outcome)


# A frame without its end, and one whose method does not exist.
@pytest.mark.parametrize(
    "garbage", [HEARTBEAT[:-1] + b"\x00", b"\x01\x00\x01\x00\x00\x00\x04\xff\xff\xff\xff\xce"], ids=["end", "method"]
)
def test_what_is_no_amqp_ends_the_connection_and_not_the_publisher(
    publisher: Connect, rabbitmq: RunningRabbitMQ, proxy: Proxy, garbage: bytes
) -> None:
    with queue(rabbitmq) as (name, _):
        sender = publisher(through(proxy))
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
        proxy.say(garbage)
        assert sender.publish([message(name)], timeout_s=TIMEOUT_S) == [None]
    assert len(proxy.connections) == 2
