"""The ids of a batch's invoices."""

from __future__ import annotations

import time
from uuid import UUID

from invoice_consumer.identifiers import new_ids


def ids_of(octets: bytes) -> list[UUID]:
    return [UUID(bytes=octets[at : at + 16]) for at in range(0, len(octets), 16)]


def test_a_batch_has_as_many_ids_of_version_7_and_all_are_different() -> None:
    ids = ids_of(new_ids(1000))

    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == len(ids) == 1000


def test_an_id_begins_with_the_millisecond_in_which_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    ids = ids_of(new_ids(200))
    after = time.time_ns() // 1_000_000

    assert {before <= one.int >> 80 <= after for one in ids} == {True}


def test_all_else_in_an_id_is_random() -> None:
    ids = [one.int for one in ids_of(new_ids(200))]

    said = 0xFFFF_FFFF_FFFF << 80 | 0xF << 76 | 0x3 << 62  # its time, version and variant
    varying = 0
    for one in ids:
        varying |= one ^ ids[0]
    assert varying == (1 << 128) - 1 & ~said


def test_no_two_batches_have_an_id_in_common_and_no_order_needs_none() -> None:
    assert not {*ids_of(new_ids(100))} & {*ids_of(new_ids(100))}
    assert new_ids(0) == b""
