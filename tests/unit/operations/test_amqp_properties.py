"""Properties of a Lambda event, back to what a publisher may send."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localregion.aws.event_source_mappings.event import format_timestamp
from operations.amqp_properties import from_event, seconds_since_1970
from rabbitmq import Message
from rabbitmq.messages import frames

# What RabbitMQ and pika agree on.
FRAME_MAX = 131_072
EVENTS = Path(__file__).parents[2] / "events"


def recorded(name: str) -> dict[str, Any]:
    event = json.loads((EVENTS / f"{name}.json").read_text())
    ((message,),) = event["rmqMessagesByQueue"].values()
    properties: dict[str, Any] = message["basicProperties"]
    return properties


def test_the_documented_properties_are_those_that_were_published() -> None:
    assert from_event(recorded("rabbitmq_documented")) == {
        "content_type": "text/plain",
        "headers": {"header1": "value1", "header2": "value2", "numberInHeader": 10},
        "priority": 34,
        "timestamp": 2021,
        "delivery_mode": 2,
    }


def test_our_own_event_keeps_its_id_type_and_trace() -> None:
    found = from_event(recorded("rabbitmq_order_created"))

    assert found["message_id"] == "0193f0c4-6a53-7c21-8a0e-5b7d2c9e4f10"
    assert found["type"] == "order.created.v1"
    assert found["headers"] == {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def test_a_message_without_headers_gets_none() -> None:
    assert from_event({"headers": None}) == {"delivery_mode": 2}
    assert from_event({}) == {"delivery_mode": 2}


def test_what_a_broker_refuses_or_acts_upon_is_left_out() -> None:
    headers = dict.fromkeys(("x-death", "x-first-death-queue", "x-last-death-reason", "x-delivery-count"), 1)
    found = from_event(
        {"userId": "u", "clusterId": "c", "expiration": "1", "headers": {**headers, "CC": [], "BCC": [], "x-mine": 1}}
    )
    assert found == {"headers": {"x-mine": 1}, "delivery_mode": 2}


@pytest.mark.parametrize("seconds", [0, 2021, 1_795_000_000, 253_402_300_799])
def test_a_time_as_gson_writes_it_is_read_back(seconds: int) -> None:
    assert seconds_since_1970(format_timestamp(seconds)) == seconds


def test_a_time_with_the_newer_jdks_space_is_read() -> None:
    moment = datetime(2026, 11, 22, 13, 42, 18, tzinfo=UTC)
    assert seconds_since_1970("Nov 22, 2026, 1:42:18\u202fPM") == moment.timestamp()


@pytest.mark.parametrize("text", [None, 5, "", "yesterday", "Dec 31, 1969, 11:59:59 PM", "Jan 1, 12345, 1:00:00 AM"])
def test_what_is_no_time_is_left_out(text: Any) -> None:
    assert seconds_since_1970(text) is None


@pytest.mark.parametrize("text", ["é" * 127, "x" * 255])
def test_a_short_string_has_255_bytes(text: str) -> None:
    assert from_event({"messageId": text})["message_id"] == text
    assert "message_id" not in from_event({"messageId": text + "é"})


BYTES = list(range(-128, 128))


@pytest.mark.parametrize(
    ("long", "what"),
    [
        (BYTES * 120, "bytes, as numbers"),
        ({"bytes": [-1] * 100_000}, "text that is not UTF-8"),
        ([100] * 60_000, "numbers of one byte"),
        ({"a": {"b": BYTES * 120}}, "bytes in tables"),
    ],
)
def test_headers_that_would_not_fit_into_a_frame_again_are_left_out_and_the_others_are_kept(
    long: Any, what: str
) -> None:
    found = from_event({"headers": {"first": 1, "long": long, "last": {"bytes": [111, 107]}}})
    assert found["headers"] == {"first": 1, "last": "ok"}, what
    frames(Message(exchange="", routing_key="", body=b"", properties=found), channel=1, frame_max=FRAME_MAX)


@pytest.mark.parametrize("long", [{"bytes": [120] * 125_000}, [True, None] * 40_000, [2**40] * 13_000])
def test_headers_that_came_in_a_frame_go_in_one(long: Any) -> None:
    short = dict.fromkeys(("messageId", "type", "appId", "replyTo", "correlationId", "contentType"), "x" * 255)
    found = from_event({"headers": {"long": long}, **short, "contentEncoding": "x" * 255, "priority": 1})

    assert found["headers"].keys() == {"long"}
    frames(Message(exchange="", routing_key="", body=b"", properties=found), channel=1, frame_max=FRAME_MAX)
