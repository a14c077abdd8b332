"""Windows, scopes and what is counted by; the recordings hold the headers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from unit.kong.recordings import PLAIN_LAMBDA
from unit.kong.replay import ScriptedInvokeClient

from localregion.kong.counters import COUNTERS_MAX, Counters, window_start
from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway
from localregion.kong.lambda_.response import InvokeAnswer
from localregion.kong.request.exchange import Exchange

KEY_AUTH = {"name": "key-auth"}


def _limit(**config: Any) -> dict[str, Any]:
    return {"name": "rate-limiting", "config": config}


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_795_354_954.0

    def __call__(self) -> float:
        return self.now


class Requests:
    """Requests to one gateway with these plugins on all routes and these consumers."""

    def __init__(self, *plugins: dict[str, Any], limits: dict[str, int] | None = None) -> None:
        self.clock = Clock()
        consumers = [
            {"username": name, "keyauth_credentials": [{"key": name}], "plugins": [_limit(second=limit)]}
            for name, limit in (limits or {"a": 100}).items()
        ]
        routes = [{"name": name, "paths": [f"/{name}"], "plugins": [PLAIN_LAMBDA]} for name in ("one", "two")]
        config = {"_format_version": "3.0", "plugins": [*plugins], "consumers": consumers, "routes": routes}
        answer = InvokeAnswer(200, [("Content-Type", "application/json")], b'{"statusCode": 200}')
        self._gateway = Gateway(parse(config), ScriptedInvokeClient(answer), clock=self.clock)  # type: ignore[arg-type]

    def get(self, path: str = "/one", *, key: str | None = None, peer: str = "127.0.0.1") -> int:
        async def read_body() -> bytes:
            return b""

        headers = [("host", "a.test"), *([("apikey", key)] if key else [])]
        exchange = Exchange(
            method="GET", target=path, http_version=(1, 1), headers=headers, peer=peer, read_body=read_body
        )
        return asyncio.run(self._gateway.handle(exchange)).status


def test_a_new_window_starts_at_zero() -> None:
    requests = Requests(_limit(second=2))
    assert [requests.get() for _ in range(3)] == [200, 200, 429]
    requests.clock.now += 1
    assert requests.get() == 200


def test_refused_requests_are_not_counted_in_longer_windows() -> None:
    requests = Requests(_limit(second=1, minute=2))
    assert [requests.get() for _ in range(5)] == [200, 429, 429, 429, 429]
    requests.clock.now += 1
    assert requests.get() == 200
    requests.clock.now += 1
    assert requests.get() == 429


def test_a_consumer_has_its_own_limit_on_all_routes_together() -> None:
    requests = Requests(KEY_AUTH, limits={"a": 2, "b": 1})
    assert [requests.get("/one", key="a"), requests.get("/two", key="a"), requests.get("/one", key="a")] == [
        200,
        200,
        429,
    ]
    assert [requests.get("/one", key="b"), requests.get("/two", key="b")] == [200, 429]


def test_without_a_consumer_an_address_is_counted() -> None:
    requests = Requests(_limit(second=1, limit_by="ip"))
    assert [requests.get(peer="10.0.0.1"), requests.get(peer="10.0.0.2"), requests.get(peer="10.0.0.1")] == [
        200,
        200,
        429,
    ]


@pytest.mark.parametrize(
    ("window", "start"),
    [
        ("second", 1_795_354_954),
        ("minute", 1_795_354_920),
        ("hour", 1_795_352_400),
        ("day", 1_795_305_600),
        ("month", 1_793_491_200),
        ("year", 1_767_225_600),
    ],
)
def test_a_window_is_the_calendars(window: str, start: int) -> None:
    assert window_start(window, 1_795_354_954) == start


def test_counters_of_ended_windows_do_not_stay() -> None:
    counters = Counters()
    for number in range(COUNTERS_MAX):
        counters.increment(number, "second", 100)
    counters.increment("x", "second", 200)
    assert counters.count(0, "second", 100) == 0
    assert counters.count("x", "second", 200) == 1


def test_more_counters_than_the_bound_stay_as_long_as_they_count() -> None:
    counters = Counters()
    for number in range(2 * COUNTERS_MAX):
        counters.increment(number, "minute", 100)
    assert all(counters.count(number, "minute", 100) == 1 for number in range(2 * COUNTERS_MAX))
