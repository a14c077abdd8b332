"""Read the deliveries out of Lambda's `aws:rmq` event, without looking into their bodies.

https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html. The event has no delivery tag, exchange or routing key: what
a message is stands in its properties. Absent properties are null, the body is base64 of the raw bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.topology import BY_DEAD_LETTER_QUEUE
from tracing import TraceContext, context_of, is_traceparent

# What is kept of a text that a message brought along: a reason, a name, an id.
TEXT_LENGTH_MAX = 4096
# Neither a text column nor UTF-8 can hold these; JSON and AMQP can.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True)
class Delivery:
    """One message as it came, which nothing changes; `properties` are the event's basicProperties, untouched."""

    queue: str
    body: bytes
    properties: Mapping[str, Any]
    is_redelivered: bool
    # Read once, for the links of the batch's span and for the rows that it becomes.
    _carried: tuple[str | None, TraceContext | None] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def message_type(self) -> Any:
        return self.properties.get("type")

    def trace_context(self) -> TraceContext | None:
        """The context that the message carries, if any."""
        return (self._carried or self._read_context())[1]

    def traceparent(self) -> str | None:
        """The context as text that can be stored, if it is one: a message is not to blame for a header like it."""
        text, context = self._carried or self._read_context()
        return text if text is not None and is_traceparent(text, context) else None

    def _read_context(self) -> tuple[str | None, TraceContext | None]:
        text = self.header("traceparent")
        self._carried = carried = text, None if text is None else context_of(text, self.header("tracestate"))
        return carried

    def header(self, name: str) -> str | None:
        """A header's text, if it is there and is one."""
        headers = self.properties.get("headers")
        value = headers.get(name) if isinstance(headers, dict) else None
        return None if value is None else _text(value)

    def fingerprint(self) -> bytes:
        """The same for every delivery of one message: what changes on the way (headers, times) is left out.

        What died in a queue counts as that queue's, so that it returns to its row when it is replayed.
        """
        died_in = BY_DEAD_LETTER_QUEUE.get(self.queue)
        origin = self.queue if died_in is None else died_in.name
        stable = json.dumps([origin, self.properties.get("messageId"), self.message_type])
        return hashlib.sha256(stable.encode() + b"\n" + self.body).digest()


def deliveries(event: Mapping[str, Any]) -> Iterator[Delivery]:
    """Every delivery in the event, in order."""
    for queue_and_virtual_host, messages in event["rmqMessagesByQueue"].items():
        queue = readable(queue_and_virtual_host.rpartition("::")[0])
        for message in messages:
            yield Delivery(queue, a2b_base64(message["data"]), message["basicProperties"], message["redelivered"])


def readable(text: str) -> str:
    """A text from outside as everything takes it: bounded, and without what cannot be stored or sent."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text[:TEXT_LENGTH_MAX])


def _text(value: Any) -> str | None:
    """A header's text: it comes as `{"bytes": […]}`, and what a trace context is made of is ASCII.

    A table of the sender's with a number under that name looks alike: `bytes` would make so many of it.
    """
    octets = value.get("bytes") if isinstance(value, dict) else None
    if not isinstance(octets, list):
        return None
    try:
        # Half the time that `bytes` takes over such a list.
        return bytearray(octets).decode("ascii")
    except (TypeError, ValueError):
        return None
