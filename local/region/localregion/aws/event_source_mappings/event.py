"""Turn deliveries into the `aws:rmq` event of an Amazon MQ event source mapping.

Pure, and exact to AWS's example: keys in its order, `null` for a property that is not set, `data` in base64, no routing
key and no delivery tag. https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html#rabbitmq-sample-event; a real event
without headers shows `"headers": null` (aws-samples/serverless-patterns). AWS's poller is Java's RabbitMQ client behind
Gson, so, for parity: text in headers is `{"bytes": [...]}` with Java's signed bytes (0x80 and above are negative),
times are Gson's date format in UTC. By the same rule, and not documented: nested values, negative bytes, an array of
bytes (AMQP's type x) as a plain list, a float of 32 bits with the digits that Java shows, the first of two headers of
one name. The JSON is put together as text, which takes a third of the time of one json.dumps over the whole event;
most of it is the same from message to message (`shapes`).
"""

from __future__ import annotations

import json
import logging
import math
import struct
import time
from binascii import b2a_base64
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from localregion.aws.amqp.content import BasicProperties, ByteArray, Delivery, Timestamp
from localregion.aws.event_source_mappings.shapes import PropertyShapes

NO_PROPERTIES = b"\x00\x00"
_log = logging.getLogger("emulator.event_source_mapping")

_SIGNED_BYTES = [str(byte if byte < 128 else byte - 256) for byte in range(256)]
# The Gregorian calendar repeats itself after this many seconds, and after 400 years.
_CALENDAR_CYCLE_S = 146_097 * 86_400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def encode_record(delivery: Delivery) -> bytes:
    """Return the JSON of one record as it stands in the event; unreadable properties are all null, so it arrives."""
    _, redelivered, properties, body = delivery
    try:
        text = _shapes.text(properties)
    except (ValueError, IndexError, struct.error, RecursionError) as error:
        _log.warning("a record's properties cannot be read (%s): it arrives without them", type(error).__name__)
        text = _shapes.text(NO_PROPERTIES)
    return (
        f'{{"basicProperties":{{{text},"bodySize":{len(body)}}}'
        f',"redelivered":{"true" if redelivered else "false"}'
        f',"data":"{b2a_base64(body, newline=False).decode()}"}}'
    ).encode()


def _properties(properties: BasicProperties) -> str:
    headers, timestamp = properties.headers, properties.timestamp
    return (
        f'"contentType":{_text(properties.content_type)}'
        f',"contentEncoding":{_text(properties.content_encoding)}'
        f',"headers":{"null" if headers is None else _value(headers)}'
        f',"deliveryMode":{_integer(properties.delivery_mode)}'
        f',"priority":{_integer(properties.priority)}'
        f',"correlationId":{_text(properties.correlation_id)}'
        f',"replyTo":{_text(properties.reply_to)}'
        f',"expiration":{_text(properties.expiration)}'
        f',"messageId":{_text(properties.message_id)}'
        f',"timestamp":{"null" if timestamp is None else _date(timestamp)}'
        f',"type":{_text(properties.type)}'
        f',"userId":{_text(properties.user_id)}'
        f',"appId":{_text(properties.app_id)}'
        f',"clusterId":{_text(properties.cluster_id)}'
    )


def event_frame(event_source_arn: str, queue: str, virtual_host: str) -> tuple[bytes, bytes]:
    """Return what stands before the first and after the last record of an event of this queue."""
    messages_key = _text(f"{queue}::{virtual_host}")
    start = (
        f'{{"eventSource":"aws:rmq","eventSourceArn":{_text(event_source_arn)},"rmqMessagesByQueue":{{{messages_key}:['
    )
    return start.encode(), b"]}}"


def format_timestamp(seconds: int) -> str:
    """Return a time as Gson writes a Date: `Jan 1, 1970, 12:33:41 AM`, UTC. Any number of seconds has a date."""
    cycles, rest = divmod(seconds, _CALENDAR_CYCLE_S)
    moment = time.gmtime(rest)
    half = "AM" if moment.tm_hour < 12 else "PM"
    clock = f"{moment.tm_hour % 12 or 12}:{moment.tm_min:02}:{moment.tm_sec:02} {half}"
    return f"{_MONTHS[moment.tm_mon - 1]} {moment.tm_mday}, {moment.tm_year + 400 * cycles}, {clock}"


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def _integer(value: int | None) -> str:
    return "null" if value is None else str(value)


def _date(seconds: int) -> str:
    return f'"{format_timestamp(seconds)}"'


def _value(value: Any) -> str:
    """Return the JSON of a headers field; what JSON cannot say (NaN, infinity) is null."""
    if isinstance(value, ByteArray):
        return f"[{','.join(map(_SIGNED_BYTES.__getitem__, value))}]"
    if isinstance(value, bytes):
        return _string(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{encode_basestring(key)}:{_value(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_value(item) for item in value]) + "]"
    if isinstance(value, Timestamp):
        return _date(value.seconds)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return json.dumps(value)


def _string(value: bytes) -> str:
    return f'{{"bytes":[{",".join([_SIGNED_BYTES[byte] for byte in value])}]}}'


def _id(value: bytes) -> str:
    return encode_basestring(value.decode("utf-8", "replace"))


_shapes = PropertyShapes(_properties, id_text=_id, string_text=_string)
