"""Read what one AMQP 0-9-1 delivery carries: its basic properties, headers table and body.

Every value that a broker passes on can be read: text that is not UTF-8 and times beyond any calendar do not raise,
because one odd message must never stop a mapping. Times stay seconds since 1970. Written for speed: it runs once per
message. https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf (4.2 Wire-Level Format), types as in
https://www.rabbitmq.com/docs/amqp-0-9-1-errata#section_3. Writing content is not part of it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple


class Delivery(NamedTuple):
    """One basic.deliver; `properties` are the property flags and values as they came over the wire."""

    delivery_tag: int
    redelivered: bool
    properties: bytes
    body: bytes


class Timestamp(NamedTuple):
    """A time inside a headers table, told apart from a number."""

    seconds: int


class ByteArray(bytes):
    """Bytes inside a headers table, told apart from text (which is bytes too: a broker checks no encoding)."""


class BasicProperties(NamedTuple):
    """The properties in the order of the protocol; None where the publisher set none."""

    content_type: str | None
    content_encoding: str | None
    headers: dict[str, Any] | None
    delivery_mode: int | None
    priority: int | None
    correlation_id: str | None
    reply_to: str | None
    expiration: str | None
    message_id: str | None
    timestamp: int | None
    type: str | None
    user_id: str | None
    app_id: str | None
    cluster_id: str | None


class VariablePart(NamedTuple):
    """Where a value lies that is another one in each message: an id, or the string of a header."""

    name: str
    start: int
    end: int
    is_header: bool


_SHORT = struct.Struct(">H")
_LONG = struct.Struct(">I")
_TIMESTAMP = struct.Struct(">q")
_FLOAT = struct.Struct(">f")
_PRESENT_FROM = 15  # the flag of the first property; each further one is a bit lower
_Reader = Callable[[bytes, int], tuple[Any, int]]


def decode_properties(data: bytes) -> BasicProperties:
    """Read the property flags and the values behind them. ValueError for a type the protocol does not have."""
    flags = _SHORT.unpack_from(data)[0]
    offset = 2
    values: list[Any] = []
    for bit, read in _PROPERTIES:
        if flags & bit:
            value, offset = read(data, offset)
            values.append(value)
        else:
            values.append(None)
    return BasicProperties._make(values)


def variable_parts(data: bytes) -> list[VariablePart]:
    """Find the ids and the headers' strings in properties that can be read, in the order of the protocol."""
    flags = _SHORT.unpack_from(data)[0]
    offset = 2
    parts: list[VariablePart] = []
    for name, (bit, read) in zip(BasicProperties._fields, _PROPERTIES, strict=True):
        if not flags & bit:
            continue
        _, end = read(data, offset)
        if read is _table:
            parts.extend(_strings(data, offset + 4, end))
        elif name in ("correlation_id", "message_id"):
            parts.append(VariablePart(name, offset + 1, end, is_header=False))
        offset = end
    return parts


def _strings(data: bytes, offset: int, end: int) -> Iterator[VariablePart]:
    """The strings of a table, those of tables in it left out; of two fields of one name the first counts."""
    seen: set[str] = set()
    while offset < end:
        key, kind_at = _short_string(data, offset)
        _, offset = _field(data, kind_at)
        if data[kind_at] == ord("S") and key not in seen:
            yield VariablePart(key, kind_at + 5, offset, is_header=True)
        seen.add(key)


def _short_string(data: bytes, offset: int) -> tuple[str, int]:
    end = offset + 1 + data[offset]
    return data[offset + 1 : end].decode("utf-8", "replace"), end


def _octet(data: bytes, offset: int) -> tuple[int, int]:
    return data[offset], offset + 1


def _seconds(data: bytes, offset: int) -> tuple[int, int]:
    return _TIMESTAMP.unpack_from(data, offset)[0], offset + 8


def _table(data: bytes, offset: int) -> tuple[dict[str, Any], int]:
    end = offset + 4 + _LONG.unpack_from(data, offset)[0]
    offset += 4
    table: dict[str, Any] = {}
    while offset < end:
        key, offset = _short_string(data, offset)
        value, offset = _field(data, offset)
        # RabbitMQ's Java client, which AWS's poller uses, keeps the first of two fields of one name.
        table.setdefault(key, value)
    return table, end


def _array(data: bytes, offset: int) -> tuple[list[Any], int]:
    end = offset + 4 + _LONG.unpack_from(data, offset)[0]
    offset += 4
    array = []
    while offset < end:
        value, offset = _field(data, offset)
        array.append(value)
    return array, end


def _field(data: bytes, offset: int) -> tuple[Any, int]:
    kind = data[offset]
    read = _FIELDS.get(kind)
    if read is None:
        raise ValueError(f"a headers table holds a field of the unknown type {chr(kind)!r}")
    return read(data, offset + 1)


def _bytes(data: bytes, offset: int) -> tuple[bytes, int]:
    end = offset + 4 + _LONG.unpack_from(data, offset)[0]
    return data[offset + 4 : end], end


def _byte_array(data: bytes, offset: int) -> tuple[ByteArray, int]:
    value, end = _bytes(data, offset)
    return ByteArray(value), end


def _float32(data: bytes, offset: int) -> tuple[float, int]:
    """Return the shortest number that is this float, as Java writes one: 0.1, not 0.10000000149011612."""
    exact: float = _FLOAT.unpack_from(data, offset)[0]
    shortened = (float(f"{exact:.{digits}g}") for digits in range(1, 10))
    return next((number for number in shortened if _as_float32(number) == exact), exact), offset + 4


def _as_float32(number: float) -> float:
    try:
        return float(_FLOAT.unpack(_FLOAT.pack(number))[0])
    except OverflowError:
        return math.inf


def _decimal(data: bytes, offset: int) -> tuple[Decimal, int]:
    scale, unscaled = struct.unpack_from(">Bi", data, offset)
    return Decimal(unscaled).scaleb(-scale), offset + 5


def _boolean(data: bytes, offset: int) -> tuple[bool, int]:
    return data[offset] != 0, offset + 1


def _time(data: bytes, offset: int) -> tuple[Timestamp, int]:
    return Timestamp(_TIMESTAMP.unpack_from(data, offset)[0]), offset + 8


def _nothing(_: bytes, offset: int) -> tuple[None, int]:
    return None, offset


def _number(layout: str) -> _Reader:
    packed = struct.Struct(layout)

    def read(data: bytes, offset: int) -> tuple[Any, int]:
        return packed.unpack_from(data, offset)[0], offset + packed.size

    return read


_FIELDS: dict[int, _Reader] = {
    ord("S"): _bytes,
    ord("x"): _byte_array,
    ord("t"): _boolean,
    ord("b"): _number(">b"),
    ord("B"): _number(">B"),
    ord("s"): _number(">h"),
    ord("u"): _number(">H"),
    ord("I"): _number(">i"),
    ord("i"): _number(">I"),
    ord("l"): _number(">q"),
    ord("L"): _number(">q"),
    ord("f"): _float32,
    ord("d"): _number(">d"),
    ord("D"): _decimal,
    ord("T"): _time,
    ord("A"): _array,
    ord("F"): _table,
    ord("V"): _nothing,
}
_READERS: tuple[_Reader, ...] = (
    *(_short_string, _short_string, _table, _octet, _octet),
    *(_short_string, _short_string, _short_string, _short_string, _seconds),
    *(_short_string, _short_string, _short_string, _short_string),
)
_PROPERTIES = tuple((1 << (_PRESENT_FROM - place), read) for place, read in enumerate(_READERS))
