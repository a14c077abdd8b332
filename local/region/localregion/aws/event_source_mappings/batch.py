"""The batch of one invocation: encoded records up to the 6 MB that a synchronous invocation may carry.

Sizes are those of the whole payload, to the byte.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from localregion.aws.amqp.content import Delivery
from localregion.aws.event_source_mappings.event import encode_record, event_frame
from localregion.aws.lambda_.service import SYNC_PAYLOAD_MAX

# Exactly what Invoke accepts: a batch that it refused would be built and refused again, for ever.
PAYLOAD_BYTES_MAX = SYNC_PAYLOAD_MAX


class EventBatch:
    """Records of one queue, in its order, with the delivery tags to settle them by.

    `began_at` is when the first record was collected, on the clock of the event loop.
    """

    def __init__(self, *, event_source_arn: str, queue: str, virtual_host: str) -> None:
        self.delivery_tags: list[int] = []
        self.is_full = False
        self.seen = 0
        self.began_at: float | None = None
        self._start, self._end = event_frame(event_source_arn, queue, virtual_host)
        self._records: list[bytes] = []
        self._payload: bytes | None = None
        self._size = len(self._start) + len(self._end)

    def __len__(self) -> int:
        return len(self._records)

    def encode(self, delivery: Delivery) -> bytes:
        self.seen += 1
        return encode_record(delivery)

    def is_too_large_for_any(self, record: bytes) -> bool:
        """Whether this record alone already exceeds an invocation."""
        return len(self._start) + len(record) + len(self._end) > PAYLOAD_BYTES_MAX

    def add(self, delivery_tag: int, record: bytes) -> bool:
        """Add a record, or answer False and be full when it does not fit any more."""
        size = self._size + len(record) + bool(self._records)
        if size > PAYLOAD_BYTES_MAX:
            self.is_full = True
            return False
        self._size, self._payload = size, None
        self._records.append(record)
        self.delivery_tags.append(delivery_tag)
        return True

    def payload(self) -> bytes:
        """Return the event, which is made once, in one piece of memory."""
        if self._payload is None:
            first, *others = self._records or [b""]
            records = [self._start + first, *others]
            records[-1] += self._end
            self._payload = b",".join(records)
        return self._payload
