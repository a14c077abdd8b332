"""nginx's limit of an address: how many at once and how many a second, as counted by a real nginx 1.22."""

from __future__ import annotations

import pytest

from localregion.kong.config.request_limit import ADDRESSES_MAX, LIMIT, STATUS, ZONE, RequestLimit, request_limit
from localregion.kong.config.schema import ConfigurationError

GOOD = {
    ZONE: "$binary_remote_addr zone=addresses:10m rate=5r/s",
    LIMIT: "zone=addresses burst=5 nodelay",
    STATUS: "429",
}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def limited(clock: Clock) -> RequestLimit:
    limit = request_limit(GOOD, clock)
    assert limit is not None
    return limit


def test_a_burst_and_one_more_pass_at_once_and_then_so_many_a_second() -> None:
    """nginx with these lines: nine requests in a row were six times let in, and five times a second later."""
    clock = Clock()
    limit = limited(clock)
    assert [limit.admits("a") for _ in range(9)] == [True] * 6 + [False] * 3
    clock.now += 1.0
    assert [limit.admits("a") for _ in range(9)] == [True] * 5 + [False] * 4


def test_each_address_has_its_own() -> None:
    limit = limited(Clock())
    assert [limit.admits("a") for _ in range(7)][-1] is False
    assert limit.admits("b")


def test_what_was_not_used_is_not_saved_up() -> None:
    clock = Clock()
    limit = limited(clock)
    limit.admits("a")
    clock.now += 3600.0
    assert [limit.admits("a") for _ in range(9)] == [True] * 6 + [False] * 3


def test_the_oldest_address_is_forgotten_when_there_are_too_many() -> None:
    limit = limited(Clock())
    for _ in range(6):
        limit.admits("a")
    assert not limit.admits("a")
    for number in range(ADDRESSES_MAX):
        limit.admits(str(number))
    assert limit.admits("a")


def test_without_its_settings_there_is_none() -> None:
    assert request_limit({"database": "off"}, Clock()) is None


@pytest.mark.parametrize(
    "changed",
    [
        {ZONE: "$http_apikey zone=addresses:10m rate=5r/s"},
        {ZONE: "$binary_remote_addr zone=other:10m rate=5r/s"},
        {LIMIT: "zone=addresses burst=5"},
        {STATUS: "503"},
        {LIMIT: ""},
    ],
)
def test_any_other_form_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="not supported by the embedded gateway"):
        request_limit(GOOD | changed, Clock())
