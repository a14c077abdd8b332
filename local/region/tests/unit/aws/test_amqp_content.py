from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pamqp import commands, header

from localregion.aws.amqp.content import ByteArray, Timestamp, decode_properties


def on_the_wire(properties: commands.Basic.Properties) -> bytes:
    return header.ContentHeader(0, 0, properties).marshal()[12:]


def headers_on_the_wire(table: bytes) -> bytes:
    return struct.pack(">HI", 1 << 13, len(table)) + table


def test_a_message_without_properties_has_none() -> None:
    assert set(decode_properties(on_the_wire(commands.Basic.Properties()))) == {None}


def test_every_property_is_read() -> None:
    properties = commands.Basic.Properties(
        content_type="text/plain",
        content_encoding="gzip",
        headers={"number": 10},
        delivery_mode=2,
        priority=9,
        correlation_id="correlation",
        reply_to="reply",
        expiration="60000",
        message_id="message",
        timestamp=datetime(2026, 11, 22, 13, 6, 45, tzinfo=UTC),
        message_type="order.created.v1",
        user_id="admin",
        app_id="app",
    )
    assert tuple(decode_properties(on_the_wire(properties))) == (
        *("text/plain", "gzip", {"number": 10}, 2, 9, "correlation", "reply", "60000", "message", 1795352805),
        *("order.created.v1", "admin", "app", None),
    )


def test_the_cluster_that_a_broker_adds_is_read() -> None:
    # pamqp refuses to write one, Amazon MQ's clients see one.
    assert decode_properties(struct.pack(">H", 1 << 2) + b"\x07cluster").cluster_id == "cluster"


def test_nested_headers_such_as_x_death_are_read() -> None:
    death = {"reason": "delivery_limit", "count": 3, "routing-keys": ["invoices", "orders"]}
    properties = commands.Basic.Properties(headers={"x-death": [death], "empty": {}, "nothing": None, "yes": True})
    assert decode_properties(on_the_wire(properties)).headers == {
        "x-death": [{"reason": b"delivery_limit", "count": 3, "routing-keys": [b"invoices", b"orders"]}],
        "empty": {},
        "nothing": None,
        "yes": True,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"b\xff", -1),
        (b"B\xff", 255),
        (b"s\xff\xff", -1),
        (b"u\xff\xff", 65535),
        (b"I\xff\xff\xff\xff", -1),
        (b"i\xff\xff\xff\xff", 4294967295),
        (b"l" + struct.pack(">q", -(2**63)), -(2**63)),
        (b"L" + struct.pack(">q", 2**63 - 1), 2**63 - 1),
        (b"f" + struct.pack(">f", 0.5), 0.5),
        (b"f" + struct.pack(">f", 0.1), 0.1),
        (b"f" + struct.pack(">f", -1234.567), -1234.567),
        (b"f\x7f\x7f\xff\xff", 3.4028235e38),
        (b"f\x00\x00\x00\x01", 1e-45),
        (b"f\x7f\x80\x00\x00", math.inf),
        (b"d" + struct.pack(">d", 0.1), 0.1),
        (b"D\x02" + struct.pack(">i", -1999), Decimal("-19.99")),
        (b"S\x00\x00\x00\x02\xff\xfe", b"\xff\xfe"),
        (b"x\x00\x00\x00\x01\x80", ByteArray(b"\x80")),
        (b"T" + struct.pack(">q", 2**62), Timestamp(2**62)),
    ],
)
def test_every_type_of_a_headers_table_is_read(field: bytes, value: object) -> None:
    assert decode_properties(headers_on_the_wire(b"\x03key" + field)).headers == {"key": value}


def test_the_first_of_two_headers_of_one_name_counts() -> None:
    assert decode_properties(headers_on_the_wire(b"\x03keyb\x01\x03keyb\x02")).headers == {"key": 1}


def test_text_that_is_not_utf_8_is_replaced_and_does_not_stop_the_mapping() -> None:
    assert decode_properties(struct.pack(">H", 1 << 7) + b"\x03a\xffb").message_id == "a\ufffdb"


def test_a_type_that_the_protocol_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown type '\\?'"):
        decode_properties(headers_on_the_wire(b"\x01k?"))
