from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pamqp import commands, header

from localregion.aws.amqp.content import Delivery
from localregion.aws.event_source_mappings.batch import EventBatch
from localregion.aws.event_source_mappings.event import encode_record, format_timestamp

EVENTS = Path(__file__).parents[5] / "tests" / "events"


def delivery(body: bytes, *, redelivered: bool = False, **properties: Any) -> Delivery:
    content = header.ContentHeader(0, len(body), commands.Basic.Properties(**properties))
    return Delivery(1, redelivered, content.marshal()[12:], body)


def event(one: Delivery, *, event_source_arn: str, queue: str) -> bytes:
    batch = EventBatch(event_source_arn=event_source_arn, queue=queue, virtual_host="/")
    assert batch.add(one.delivery_tag, batch.encode(one))
    return batch.payload()


def in_plain_form(recorded: dict[str, Any]) -> bytes:
    return json.dumps(recorded, separators=(",", ":"), ensure_ascii=False).encode()


def headers_of(one: Delivery) -> Any:
    return json.loads(encode_record(one))["basicProperties"]["headers"]


def test_the_documented_message_becomes_the_documented_event_byte_for_byte() -> None:
    documented = json.loads((EVENTS / "rabbitmq_documented.json").read_text())
    [record] = documented["rmqMessagesByQueue"]["pizzaQueue::/"]
    body = base64.b64decode(record["data"])
    # The page says 80 for a body of 43 bytes; events from AWS (aws-samples/serverless-patterns) count the body.
    record["basicProperties"]["bodySize"] = len(body)
    published = delivery(
        body,
        content_type="text/plain",
        headers={"header1": "value1", "header2": "value2", "numberInHeader": 10},
        delivery_mode=1,
        priority=34,
        expiration="60000",
        timestamp=datetime.fromtimestamp(2021, tz=UTC),
        user_id="AIDACKCEVSQ6C2EXAMPLE",
    )
    arn = documented["eventSourceArn"]
    assert event(published, event_source_arn=arn, queue="pizzaQueue") == in_plain_form(documented)


def test_an_order_created_message_becomes_the_recorded_event_byte_for_byte() -> None:
    recorded = json.loads((EVENTS / "rabbitmq_order_created.json").read_text())
    [record] = recorded["rmqMessagesByQueue"]["invoices.order-created::/"]
    published = delivery(
        base64.b64decode(record["data"]),
        content_type="application/json",
        message_id=record["basicProperties"]["messageId"],
        message_type="order.created.v1",
        delivery_mode=2,
        headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    )
    arn = recorded["eventSourceArn"]
    assert event(published, event_source_arn=arn, queue="invoices.order-created") == in_plain_form(recorded)


def test_a_property_that_is_not_set_is_null_and_so_are_headers() -> None:
    properties = json.loads(encode_record(delivery(b"")))["basicProperties"]
    assert properties.pop("bodySize") == 0
    assert set(properties.values()) == {None}


def test_empty_headers_are_an_empty_object() -> None:
    # pamqp leaves an empty table out, publishers need not.
    assert headers_of(Delivery(1, False, b"\x20\x00\x00\x00\x00\x00", b"")) == {}


def test_bytes_from_0x80_on_are_negative_as_in_java() -> None:
    assert headers_of(delivery(b"", headers={"name": "é"})) == {"name": {"bytes": [-61, -87]}}


def test_an_array_of_bytes_is_a_plain_list() -> None:
    assert headers_of(delivery(b"", headers={"name": bytearray(b"\x01\xff")})) == {"name": [1, -1]}
    assert headers_of(delivery(b"", headers={"name": [bytearray()]})) == {"name": [[]]}


def test_nested_headers_keep_their_shape() -> None:
    death = {"count": 3, "reason": "expired", "time": datetime.fromtimestamp(2021, tz=UTC), "routing-keys": ["a", 1.5]}
    assert headers_of(delivery(b"", headers={"x-death": [death], "x-delivery-count": 2, "yes": True, "no": None})) == {
        "x-death": [
            {
                "count": 3,
                "reason": {"bytes": [101, 120, 112, 105, 114, 101, 100]},
                "time": "Jan 1, 1970, 12:33:41 AM",
                "routing-keys": [{"bytes": [97]}, 1.5],
            }
        ],
        "x-delivery-count": 2,
        "yes": True,
        "no": None,
    }


def test_a_number_that_json_does_not_have_is_null() -> None:
    assert headers_of(delivery(b"", headers={"nan": math.nan, "infinite": math.inf})) == {"nan": None, "infinite": None}


def test_quotes_control_characters_and_other_alphabets_survive() -> None:
    odd = 'a"b\\c\n\u2028ção 注文'
    record = json.loads(encode_record(delivery(b"\x00\xff", message_id=odd, headers={odd: 1}, redelivered=True)))
    assert record["basicProperties"]["messageId"] == odd
    assert record["basicProperties"]["headers"] == {odd: 1}
    assert record["redelivered"] is True
    assert record["data"] == "AP8="


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "Jan 1, 1970, 12:00:00 AM"),
        (2021, "Jan 1, 1970, 12:33:41 AM"),
        (1795352805, "Nov 22, 2026, 1:06:45 PM"),
        (1709208000, "Feb 29, 2024, 12:00:00 PM"),
        (-1, "Dec 31, 1969, 11:59:59 PM"),
        (1795352805123, "Jun 19, 58862, 8:32:03 AM"),
    ],
)
def test_times_read_as_gson_writes_them(seconds: int, text: str) -> None:
    assert format_timestamp(seconds) == text


def test_any_number_of_seconds_has_a_date() -> None:
    assert format_timestamp(2**63 - 1).endswith("PM")
    assert format_timestamp(-(2**63)).endswith("AM")
