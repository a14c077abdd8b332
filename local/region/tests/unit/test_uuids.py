"""Random UUIDs are of version 4, as RFC 9562 has it, and of 122 random bits."""

from __future__ import annotations

import uuid

from localregion.uuids import random_uuid


def test_a_random_uuid_is_one_of_version_4() -> None:
    for text in {random_uuid() for _ in range(1000)}:
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)


def test_every_other_digit_is_random() -> None:
    columns = zip(*(random_uuid() for _ in range(1000)), strict=True)
    counts = [len(set(column)) for column in columns]
    assert counts == [1 if place in (8, 13, 14, 18, 23) else 4 if place == 19 else 16 for place in range(36)]
