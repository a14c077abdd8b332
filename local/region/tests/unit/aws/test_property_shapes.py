"""A record made from a remembered shape is the record made without one, byte for byte."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localregion.aws.amqp.content import Delivery, decode_properties
from localregion.aws.event_source_mappings import event
from localregion.aws.event_source_mappings.shapes import SHAPES_MAX, PropertyShapes

BOUNDED = settings(deadline=None, max_examples=200, database=None, suppress_health_check=[HealthCheck.too_slow])

any_octets = st.binary(max_size=6)
# What a short string may look like on the wire: any octets, also none that are UTF-8.
names = st.sampled_from([b"a", b"b", b"bytes", b"\xff", b"\xfe"]) | any_octets


def new_shapes(describe: Callable[[Any], str] = event._properties) -> PropertyShapes:
    return PropertyShapes(describe, id_text=event._id, string_text=event._string)


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def long(octets: bytes) -> bytes:
    return len(octets).to_bytes(4, "big") + octets


@st.composite
def fields(draw: st.DrawFn, depth: int = 2) -> Callable[[st.DrawFn], bytes]:
    """A field of a table whose string, if it is one, is drawn anew each time."""
    kind = draw(st.sampled_from("SSSxtlFAV" if depth else "SSxtlV"))
    if kind == "S":
        size = draw(st.integers(0, 6))
        return lambda again: b"S" + long(again(st.binary(min_size=size, max_size=size)))
    if kind in "FA":
        inner = draw(st.lists(st.tuples(names, fields(depth - 1)), max_size=2))

        def nested(again: st.DrawFn) -> bytes:
            return kind.encode() + long(
                b"".join((short(name) if kind == "F" else b"") + value(again) for name, value in inner)
            )

        return nested
    fixed = {"x": b"x" + long(draw(any_octets)), "t": b"t\x01", "l": b"l" + bytes(7) + b"\x05", "V": b"V"}[kind]
    return lambda _: fixed


@st.composite
def same_shaped(draw: st.DrawFn) -> list[bytes]:
    """Properties of some messages that differ in ids and strings only, and some that differ in nothing or in more."""
    table = draw(st.lists(st.tuples(names, fields()), max_size=4))
    content_type, kind = draw(any_octets), draw(any_octets)
    size = draw(st.integers(0, 8))

    def one() -> bytes:
        headers = b"".join(short(name) + value(draw) for name, value in table)
        message_id = draw(st.binary(min_size=size, max_size=size))
        correlation_id = draw(st.binary(min_size=2, max_size=2))
        values = [short(content_type), long(headers), b"\x02", short(correlation_id), short(message_id), short(kind)]
        return b"\xb4\xa0" + b"".join(values)

    messages = [one() for _ in range(draw(st.integers(1, 4)))]
    if draw(st.booleans()):
        changed = bytearray(draw(st.sampled_from(messages)))
        changed[draw(st.integers(2, len(changed) - 1))] = draw(st.integers(0, 255))
        messages.insert(draw(st.integers(0, len(messages))), bytes(changed))
    return messages


def outcome(text: Callable[[bytes], str], properties: bytes) -> str:
    try:
        return text(properties)
    except (ValueError, IndexError, struct.error, RecursionError) as error:
        return type(error).__name__


def plain(properties: bytes) -> str:
    return event._properties(decode_properties(properties))


@BOUNDED
@given(same_shaped())
def test_any_messages_are_shown_as_they_are_without_shapes(messages: list[bytes]) -> None:
    shapes = new_shapes()
    assert [outcome(shapes.text, one) for one in messages] == [outcome(plain, one) for one in messages]


def order(message_id: str, traceparent: str, *, extra: bytes = b"") -> bytes:
    headers = short(b"traceparent") + b"S" + long(traceparent.encode()) + extra
    return b"\xb0\xa0" + b"".join(
        [short(b"application/json"), long(headers), b"\x02", short(message_id.encode()), short(b"order.created.v1")]
    )


def test_a_message_of_a_known_shape_is_not_described_again() -> None:
    described: list[Any] = []

    def describe(properties: Any) -> str:
        described.append(properties)
        return event._properties(properties)

    shapes = new_shapes(describe)
    shapes.text(order("m-1", "00-a"))
    made = len(described)
    assert shapes.text(order("m-2", "00-b")) == plain(order("m-2", "00-b"))
    assert len(described) == made
    shapes.text(order("m-3 is longer", "00-c"))
    assert len(described) > made


@pytest.mark.parametrize(
    "second",
    [
        short(b"traceparent") + b"S" + long(b"00-z"),
        short(b"traceparent") + b"t\x01",
        short(b"x-delivery-count") + b"l" + (3).to_bytes(8, "big"),
    ],
)
def test_a_doubled_or_further_header_is_shown_as_ever(second: bytes) -> None:
    shapes = new_shapes()
    for properties in (order("m-1", "00-a", extra=second), order("m-2", "00-b", extra=second)):
        assert shapes.text(properties) == plain(properties)


def test_a_count_of_deliveries_is_never_an_older_one() -> None:
    shapes = new_shapes()
    for count in (1, 2, 3):
        extra = short(b"x-delivery-count") + b"l" + count.to_bytes(8, "big")
        shown = json.loads(f"{{{shapes.text(order('m-1', '00-a', extra=extra))}}}")
        assert shown["headers"]["x-delivery-count"] == count


def test_quotes_in_an_id_stay_quoted() -> None:
    for message_id in ('a"b', "a\\b", "a\nb", "abc"):
        record = json.loads(event.encode_record(Delivery(1, False, order(message_id, "00-a"), b"")))
        assert record["basicProperties"]["messageId"] == message_id


def test_shapes_are_forgotten_before_they_are_too_many() -> None:
    shapes = new_shapes()
    for size in range(SHAPES_MAX + 50):
        shapes.text(order("", "x" * size))
    assert len(shapes._known) <= SHAPES_MAX
