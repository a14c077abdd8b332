"""The ids of a batch's invoices."""

import time
from uuid import UUID

from invoice_consumer.identifiers import ascending_ids


def test_a_batch_has_ids_of_version_7_in_ascending_order_and_all_different() -> None:
    ids = [UUID(text) for text in ascending_ids(1000)]

    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert ids == sorted(set(ids), key=lambda each: each.int)
    assert len(ids) == 1000


def test_an_id_says_when_it_was_made_and_its_other_digits_vary() -> None:
    before = time.time_ns() // 1_000_000
    ids = ascending_ids(200)
    after = time.time_ns() // 1_000_000

    assert {before <= int(text[:12], 16) <= after for text in ids} == {True}
    random_digits = [place for place in range(32) if place not in (12, 16) and place > 11]
    assert {place for place in random_digits if len({text[place] for text in ids}) < 10} == set()


def test_the_ids_of_two_batches_differ_and_no_order_needs_none() -> None:
    assert not set(ascending_ids(100)) & set(ascending_ids(100))
    assert ascending_ids(0) == []
