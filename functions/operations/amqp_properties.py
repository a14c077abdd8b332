"""Turn `basicProperties` of a Lambda event back into AMQP properties that the broker takes from us.

The original properties, except those that a broker refuses or would act upon:

- `user_id`: the broker closes the channel over one that is not the publisher's;
- `cluster_id`, which is deprecated, and `expiration`, since a replay must not expire;
- the headers that say how the message died before (the next death writes its own), and those that route copies.

A value that AMQP cannot carry is left out, so that the message can be replayed all the same, and so are the
longest headers where all of them have no room: bytes come as numbers, text that is not UTF-8 grows by its marks.
https://www.rabbitmq.com/docs/publishers#message-properties
"""

from __future__ import annotations

import calendar
import math
import re
import time
from collections.abc import Mapping
from typing import Any

# AMQP's limit for a short string, which all of these are.
SHORT_STRING_BYTES_MAX = 255
SHORT_STRINGS = {
    "contentType": "content_type",
    "contentEncoding": "content_encoding",
    "correlationId": "correlation_id",
    "replyTo": "reply_to",
    "messageId": "message_id",
    "type": "type",
    "appId": "app_id",
}
PERSISTENT = 2
# CC and BCC: https://www.rabbitmq.com/docs/sender-selected.
DROPPED_HEADERS = re.compile(r"x-death|x-(first|last)-death-.*|x-delivery-count|CC|BCC")
HEADER_NAME_BYTES_MAX = 128
NESTING_MAX = 32
# All properties travel in one frame of 128 KiB, eight of them beside the headers.
HEADERS_BYTES_MAX = (128 << 10) - 8 * (SHORT_STRING_BYTES_MAX + 1)
FLOAT_MAX = 3.4e38
LONG, LONG_LONG = range(-(2**31), 2**31), range(-(2**63), 2**63)


class _NotCarriedError(Exception):
    """AMQP has no room for this value."""


def from_event(basic: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties by their AMQP names, as the outbox keeps them: JSON, `timestamp` in seconds since 1970."""
    found: dict[str, Any] = {}
    for name, amqp_name in SHORT_STRINGS.items():
        if (text := _short_string(basic.get(name))) is not None:
            found[amqp_name] = text
    if isinstance(basic.get("headers"), dict):
        found["headers"] = _headers(basic["headers"])
    if type(basic.get("priority")) is int and 0 <= basic["priority"] <= 255:
        found["priority"] = basic["priority"]
    if (seconds := seconds_since_1970(basic.get("timestamp"))) is not None:
        found["timestamp"] = seconds
    # Also when the original was not persistent: a replay has to survive the broker's restart.
    found["delivery_mode"] = PERSISTENT
    return found


def seconds_since_1970(text: Any) -> int | None:
    """Read a time as Gson writes a Date, `Jan 1, 1970, 12:33:41 AM` in UTC; None for anything else.

    Newer JDKs put a narrow no-break space before AM and PM.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = time.strptime(text.replace("\u202f", " "), "%b %d, %Y, %I:%M:%S %p")
    except ValueError:
        return None
    seconds = calendar.timegm(moment)
    return seconds if seconds >= 0 else None


def _short_string(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    encoded = value.encode("utf-8", "replace")
    return encoded.decode() if len(encoded) <= SHORT_STRING_BYTES_MAX else None


def _headers(headers: Mapping[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, value in headers.items():
        if not DROPPED_HEADERS.fullmatch(name) and len(name.encode("utf-8", "replace")) <= HEADER_NAME_BYTES_MAX:
            try:
                kept[_text(name)] = _value(value, NESTING_MAX)
            except _NotCarriedError:
                continue
    return _fitting(kept)


def _fitting(headers: dict[str, Any]) -> dict[str, Any]:
    """As many headers as there is room for, the shortest first; in their order."""
    room = HEADERS_BYTES_MAX
    sizes = {name: _size({name: value}) for name, value in headers.items()}
    left_out = set()
    for name in sorted(sizes, key=lambda each: sizes[each]):
        room -= sizes[name]
        if room < 0:
            left_out.add(name)
    return {name: value for name, value in headers.items() if name not in left_out}


def _size(value: Any) -> int:
    """The bytes that a value takes in a frame."""
    if isinstance(value, str):
        return 5 + len(value.encode())
    if isinstance(value, list):
        return 5 + sum(map(_size, value))
    if isinstance(value, dict):
        return 5 + sum(1 + len(name.encode()) + _size(item) for name, item in value.items())
    if value is None or isinstance(value, bool):
        return 1 + (value is not None)
    return 5 if isinstance(value, int) and value in LONG else 9


def _value(value: Any, nesting: int) -> Any:
    """A header's value: text comes as `{"bytes": […]}` with Java's signed bytes."""
    if nesting == 0 or (type(value) is int and value not in LONG_LONG):
        raise _NotCarriedError
    if isinstance(value, float) and (not math.isfinite(value) or abs(value) > FLOAT_MAX):
        raise _NotCarriedError
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_value(item, nesting - 1) for item in value]
    if isinstance(value, dict):
        if _is_text(value):
            return bytes(byte & 0xFF for byte in value["bytes"]).decode("utf-8", "replace")
        return {_text(name): _value(item, nesting - 1) for name, item in value.items()}
    return value


def _is_text(value: Mapping[str, Any]) -> bool:
    return (
        value.keys() == {"bytes"}
        and isinstance(value["bytes"], list)
        and all(type(byte) is int for byte in value["bytes"])
    )


def _text(value: str) -> str:
    """Text that UTF-8 can carry: half a surrogate pair becomes a question mark."""
    return value.encode("utf-8", "replace").decode()
