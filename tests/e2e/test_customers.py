"""Customers and keys come and go while clients order: no valid key is refused, a change is in force within ten seconds.

CUSTOMERS in the environment makes it more of them than a usual run of the suite has: 10000, for example.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.e2e.conftest import LiveSystem, wait_for

from localregion import http_client
from localregion.http_client import HttpClient, HttpError
from orders.operations import invoke

CUSTOMERS = int(os.environ.get("CUSTOMERS", "1000"))
ADDED_AT_ONCE = 500
CLIENTS = 16
IN_FORCE_S = 10.0

Operate = Callable[..., dict[str, Any]]


@pytest.fixture
def operate(live: LiveSystem) -> Operate:
    """Invoke the function `operations` of the running system."""
    folder = live.system.folder

    def invoked(operation: str, **arguments: Any) -> dict[str, Any]:
        return invoke(folder, "operations", {"operation": operation, **arguments})

    return invoked


def status(live: LiveSystem, key: str) -> int:
    """What the gateway answers to a customer's question for its orders."""
    url = f"{live.endpoints['gateway']}/orders?limit=1"
    try:
        return http_client.request("GET", url, headers={"apikey": key}, timeout_s=10).status
    except HttpError as error:
        if error.status is None:
            raise
        return error.status


@contextmanager
def ordering(live: LiveSystem, keys: Callable[[], str]) -> Iterator[Counter[int | str]]:
    """Clients that order all the time, each time with the key that there is then; yields what they are answered."""
    answers: Counter[int | str] = Counter()
    ended, counting = threading.Event(), threading.Lock()

    def order() -> None:
        client = HttpClient(live.endpoints["gateway"], timeout_s=30)
        while not ended.is_set():
            try:
                answer: int | str = client.request(
                    "POST", "/orders", {"amount": 1999, "currency": "BRL"}, headers={"apikey": keys()}
                ).status
            except HttpError as error:
                answer = error.status or error.reason
            with counting:
                answers[answer] += 1
        client.close()

    threads = [threading.Thread(target=order) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def seconds_until(condition: Callable[[], bool], what: str) -> float:
    began = time.monotonic()
    wait_for(condition, timeout_s=3 * IN_FORCE_S, what=lambda: what)
    return time.monotonic() - began


def test_customers_are_added_while_others_order_and_no_valid_key_is_refused(live: LiveSystem, operate: Operate) -> None:
    before = operate("customers")["total"]
    names = [f"many-{number:05}" for number in range(CUSTOMERS)]
    with ordering(live, lambda: live.endpoints["keys"]["demo"]) as answers:
        for first in range(0, CUSTOMERS, ADDED_AT_ONCE):
            batch = [{"customer": name, "requestsPerSecond": 1000} for name in names[first : first + ADDED_AT_ONCE]]
            added = operate("addCustomers", customers=batch)
            assert added["published"] is True, added["publishFailure"]
        last = added["customers"][-1]["key"]
        in_force_s = seconds_until(lambda: status(live, last) == 200, "the last customer's key is not taken")
        sold = answers[201]
    print(f"{CUSTOMERS} customers, the last in force after {in_force_s:.1f} s, {dict(answers)}")  # noqa: T201
    assert set(answers) == {201}
    assert sold > CLIENTS
    assert in_force_s < IN_FORCE_S
    assert operate("customers")["total"] == before + CUSTOMERS


def test_a_key_is_rotated_under_load_and_the_old_one_is_refused_within_ten_seconds(
    live: LiveSystem, operate: Operate
) -> None:
    operate("addCustomers", customers=[{"customer": "rotating", "requestsPerSecond": 1000}])
    current = operate("issueKey", customer="rotating")
    seconds_until(lambda: status(live, current["key"]) == 200, "the first key is not taken")
    with ordering(live, lambda: current["key"]) as answers:
        for _ in range(3):
            former, new = current, operate("issueKey", customer="rotating")
            issued_s = seconds_until(lambda key=new["key"]: status(live, key) == 200, "the new key is not taken")
            current = new
            # Of the clients that were about to send the former one.
            time.sleep(0.5)
            operate("revokeKey", keyId=former["keyId"])
            revoked_s = seconds_until(lambda key=former["key"]: status(live, key) == 401, "the old key is taken")
            print(f"issued: in force after {issued_s:.1f} s, revoked: after {revoked_s:.1f} s")  # noqa: T201
            assert max(issued_s, revoked_s) < IN_FORCE_S
    assert set(answers) == {201}, answers


def test_a_suspended_customer_is_refused_and_a_resumed_one_is_not(live: LiveSystem, operate: Operate) -> None:
    added = operate("addCustomers", customers=[{"customer": "suspended"}])["customers"][0]
    seconds_until(lambda: status(live, added["key"]) == 200, "the key is not taken")
    operate("suspendCustomer", customer="suspended")
    assert seconds_until(lambda: status(live, added["key"]) == 401, "still taken") < IN_FORCE_S
    operate("resumeCustomer", customer="suspended")
    assert seconds_until(lambda: status(live, added["key"]) == 200, "not taken again") < IN_FORCE_S


def test_a_customer_has_a_limit_of_its_own(live: LiveSystem, operate: Operate) -> None:
    key = operate("addCustomers", customers=[{"customer": "slow", "requestsPerSecond": 3}])["customers"][0]["key"]
    seconds_until(lambda: status(live, key) == 200, "the key is not taken")
    wait_for(lambda: [status(live, key) for _ in range(12)].count(429) > 0, timeout_s=10, what=lambda: "never 429")


def test_without_a_database_a_known_key_gets_503_and_an_unknown_one_401(live: LiveSystem) -> None:
    live.run("stop", "postgres")
    try:
        assert status(live, live.endpoints["keys"]["demo"]) == 503
        assert status(live, "nobodys") == 401
    finally:
        live.run("start", "postgres")
    wait_for(lambda: status(live, live.endpoints["keys"]["demo"]) == 200, timeout_s=30, what=lambda: "still away")


def test_a_gateway_that_is_killed_has_its_customers_again(live: LiveSystem, operate: Operate) -> None:
    key = operate("addCustomers", customers=[{"customer": "again"}])["customers"][0]["key"]
    seconds_until(lambda: status(live, key) == 200, "the key is not taken")
    live.run("stop", "gateway")
    live.run("start", "gateway")
    assert status(live, key) == 200


def test_the_key_is_in_no_file_and_no_log_of_the_system(live: LiveSystem, operate: Operate) -> None:
    key = operate("addCustomers", customers=[{"customer": "secretive"}])["customers"][0]["key"]
    seconds_until(lambda: status(live, key) == 200, "the key is not taken")
    files = [path for path in live.system.folder.path.rglob("*") if path.is_file()]
    assert [path for path in files if key.encode() in path.read_bytes()] == []
    assert key not in json.dumps(operate("keys", customer="secretive"))
