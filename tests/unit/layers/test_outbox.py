"""What an event is on its way from a function's statement to the broker."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from outbox import event_message, publish_now, row_parameters, uuid7
from rabbitmq import Message, PublishError

OUTBOX_ID = UUID("0198f8a0-0000-7000-8000-000000000009")
HEADERS = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
MESSAGE = event_message(b"{}", exchange="e", routing_key="r", type_="t.v1", message_id=OUTBOX_ID, trace_headers=HEADERS)


class Publisher:
    """Confirms, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[Message], float]] = []

    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]:
        self.asked.append((messages, timeout_s))
        return [None]


def publish(publisher: Publisher, delete_row: Any) -> str | None:
    return publish_now(MESSAGE, publisher=publisher, delete_row=delete_row, timeout_s=2.0, remaining_s=lambda: 10.0)


def test_a_message_is_persistent_and_named_as_its_row() -> None:
    assert MESSAGE.properties == {
        "content_type": "application/json",
        "delivery_mode": 2,
        "message_id": str(OUTBOX_ID),
        "type": "t.v1",
        "headers": HEADERS,
    }
    assert MESSAGE.properties["headers"] is not HEADERS


def test_a_row_holds_all_that_the_relay_publishes() -> None:
    parameters = row_parameters(OUTBOX_ID, MESSAGE, due_in_s=7.0)
    properties = json.loads(parameters.pop("properties"))

    assert properties == MESSAGE.properties
    assert parameters == {
        "outbox_id": OUTBOX_ID,
        "exchange": "e",
        "routing_key": "r",
        "body": b"{}",
        "due_in_s": 7.0,
    }


def test_a_row_is_deleted_after_the_brokers_confirm() -> None:
    publisher, seen = Publisher(), []
    assert publish(publisher, lambda: seen.append(len(publisher.asked))) is None
    assert seen == [1]
    assert publisher.asked == [([MESSAGE], 2.0)]


def test_a_row_that_cannot_be_deleted_is_the_relays() -> None:
    def fail() -> None:
        raise OSError(" gone\n")

    assert publish(Publisher(), fail) == "gone"


@pytest.mark.parametrize("milliseconds", [0, 1, 500, 999])
def test_an_id_of_a_moment_has_its_milliseconds(milliseconds: int) -> None:
    # 2**31 seconds and more: a float has no milliseconds to spare for rounding the wrong way.
    for second in (0, 1_795_354_938, 2**31, 2**33):
        moment = datetime.fromtimestamp(second, UTC) + timedelta(milliseconds=milliseconds)
        assert uuid7(moment).int >> 80 == second * 1000 + milliseconds
