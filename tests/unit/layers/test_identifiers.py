"""UUID version 7."""

from outbox import uuid7


def test_identifiers_are_of_version_7_and_all_different() -> None:
    identifiers = [uuid7() for _ in range(1000)]
    assert {(each.version, each.variant) for each in identifiers} == {(7, "specified in RFC 4122")}
    assert len(set(identifiers)) == 1000


def test_identifiers_are_ordered_by_their_millisecond() -> None:
    stamps = [uuid7().int >> 80 for _ in range(1000)]
    assert stamps == sorted(stamps)
