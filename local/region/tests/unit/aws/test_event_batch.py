from __future__ import annotations

import json

from localregion.aws.amqp.content import Delivery
from localregion.aws.event_source_mappings.batch import PAYLOAD_BYTES_MAX, EventBatch

NO_PROPERTIES = b"\x00\x00"


def new_batch() -> EventBatch:
    return EventBatch(
        event_source_arn="arn:aws:mq:us-east-1:000000000000:broker:local:b-local", queue="q", virtual_host="/"
    )


def test_a_batch_is_one_event_in_the_order_of_the_queue() -> None:
    batch = new_batch()
    for tag in (1, 2, 3):
        batch.add(tag, batch.encode(Delivery(tag, False, NO_PROPERTIES, str(tag).encode())))
    records = json.loads(batch.payload())["rmqMessagesByQueue"]["q::/"]
    assert [record["data"] for record in records] == ["MQ==", "Mg==", "Mw=="]
    assert batch.delivery_tags == [1, 2, 3]


def test_an_event_that_was_looked_at_has_what_is_added_afterwards() -> None:
    batch = new_batch()
    lengths = []
    for tag in (1, 2, 3):
        batch.add(tag, batch.encode(Delivery(tag, False, NO_PROPERTIES, b"body")))
        lengths.append(len(json.loads(batch.payload())["rmqMessagesByQueue"]["q::/"]))
    assert lengths == [1, 2, 3]


def test_a_record_with_unreadable_properties_arrives_without_them() -> None:
    nested = b""
    for _ in range(1500):
        nested = b"A" + len(nested).to_bytes(4, "big") + nested
    table = b"\x01h" + nested
    properties = b"\x20\x00" + len(table).to_bytes(4, "big") + table
    batch = new_batch()
    batch.add(1, batch.encode(Delivery(1, False, properties, b"body")))
    [record] = json.loads(batch.payload())["rmqMessagesByQueue"]["q::/"]
    assert (record["basicProperties"]["headers"], record["data"]) == (None, "Ym9keQ==")


def test_a_batch_may_have_exactly_as_many_bytes_as_an_invocation() -> None:
    batch, frame = new_batch(), len(new_batch().payload())
    first = PAYLOAD_BYTES_MAX // 2
    assert batch.add(1, b"x" * first)
    assert not batch.add(2, b"x" * (PAYLOAD_BYTES_MAX - frame - first))
    assert batch.is_full
    assert batch.add(2, b"x" * (PAYLOAD_BYTES_MAX - frame - first - 1))
    assert len(batch.payload()) == PAYLOAD_BYTES_MAX


def test_only_a_record_beyond_a_whole_invocation_is_too_large() -> None:
    batch, frame = new_batch(), len(new_batch().payload())
    assert not batch.is_too_large_for_any(b"x" * (PAYLOAD_BYTES_MAX - frame))
    assert batch.is_too_large_for_any(b"x" * (PAYLOAD_BYTES_MAX - frame + 1))
