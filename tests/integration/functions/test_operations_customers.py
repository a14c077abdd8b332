"""Customers and keys by the function `operations`: stored as hashes, and published to the gateways' object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.test_operations import operate

from operations import customers_repository, publication
from operations.arguments import InvalidRequestError
from operations.customers import VALID_KEYS_MAX, CustomerRefusedError

Invoke = Callable[..., dict[str, Any]]
PATH = "/bucket/gateway/customers.json"


@pytest.fixture(autouse=True)
def bucket(empty: Released) -> Iterator[None]:
    empty.aws.objects.clear()
    yield
    empty.aws.is_bucket_away = False


def published(released: Released) -> dict[str, tuple[int, list[str]]]:
    """What the gateways read: each customer's limit and the hashes of its keys."""
    document = json.loads(released.aws.objects[PATH])
    assert document["format"] == publication.FORMAT
    return {name: (limit, hashes) for name, limit, hashes in document["customers"]}


def add(invoke: Invoke, *names: str, **fields: Any) -> dict[str, dict[str, Any]]:
    answer = operate(invoke, "addCustomers", customers=[{"customer": name, **fields} for name in names])
    return {each["customer"]: each for each in answer["customers"]}


def sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def keys(invoke: Invoke, name: str) -> list[tuple[str, str]]:
    return [(each["state"], each["endsIn"]) for each in operate(invoke, "keys", customer=name)["keys"]]


def test_a_new_customer_has_a_key_that_is_shown_once_and_published_as_its_hash(empty: Released, invoke: Invoke) -> None:
    added = add(invoke, "acme")["acme"]
    assert len(added["key"]) >= 32
    assert published(empty) == {"acme": (100, [sha256(added["key"])])}
    assert keys(invoke, "acme") == [("valid", added["key"][-4:])]
    everything = str(empty.query("SELECT * FROM customers.customers JOIN customers.keys USING (customer_id)"))
    assert added["key"] not in everything


def test_five_hundred_are_added_at_once_and_listed_by_pages(empty: Released, invoke: Invoke) -> None:
    names = [f"customer-{number:03}" for number in range(500)]
    added = add(invoke, *names, requestsPerSecond=7)
    assert published(empty) == {name: (7, [sha256(added[name]["key"])]) for name in names}
    first = operate(invoke, "customers", limit=300)
    rest = operate(invoke, "customers", limit=300, after=first["nextAfter"])
    assert [each["customer"] for each in first["customers"] + rest["customers"]] == names
    assert (first["total"], rest["nextAfter"]) == (500, None)


def test_one_name_that_there_is_already_adds_none(empty: Released, invoke: Invoke) -> None:
    add(invoke, "acme")
    before = empty.aws.objects[PATH]
    with pytest.raises(CustomerRefusedError, match="there is a customer acme already, and nothing was added"):
        add(invoke, "new", "acme")
    assert empty.count("customers.customers") == 1
    assert empty.aws.objects[PATH] == before


def test_a_rotation_has_two_valid_keys_and_ends_with_the_new_one(empty: Released, invoke: Invoke) -> None:
    old = add(invoke, "acme")["acme"]
    new = operate(invoke, "issueKey", customer="acme")
    assert published(empty)["acme"][1] == [sha256(old["key"]), sha256(new["key"])]
    revoked = operate(invoke, "revokeKey", keyId=old["keyId"])
    assert revoked == {"customer": "acme", "keyId": old["keyId"], "validKeys": 1, "published": True}
    assert published(empty)["acme"][1] == [sha256(new["key"])]
    assert [state for state, _ in keys(invoke, "acme")] == ["revoked", "valid"]


def test_a_revoked_key_stays_revoked_however_often(empty: Released, invoke: Invoke) -> None:
    key_id = add(invoke, "acme")["acme"]["keyId"]
    operate(invoke, "revokeKey", keyId=key_id)
    (before,) = empty.query("SELECT revoked_at FROM customers.keys")
    assert operate(invoke, "revokeKey", keyId=key_id)["validKeys"] == 0
    assert empty.query("SELECT revoked_at FROM customers.keys") == [before]
    # A customer without a valid key is not in the object: there is nothing to let in.
    assert published(empty) == {}


def test_a_suspended_customer_is_out_of_the_object_and_comes_back_with_its_keys(
    empty: Released, invoke: Invoke
) -> None:
    added = add(invoke, "acme", "other")
    operate(invoke, "suspendCustomer", customer="acme")
    assert published(empty).keys() == {"other"}
    assert operate(invoke, "customers", customer="acme")["customers"][0]["state"] == "suspended"
    operate(invoke, "resumeCustomer", customer="acme")
    assert published(empty)["acme"] == (100, [sha256(added["acme"]["key"])])


def test_a_limit_is_changed_up_to_what_an_address_may_send(empty: Released, invoke: Invoke) -> None:
    add(invoke, "acme")
    operate(invoke, "limitCustomer", customer="acme", requestsPerSecond=2000)
    assert published(empty)["acme"][0] == 2000
    with pytest.raises(CustomerRefusedError, match="more than 2000 requests a second"):
        operate(invoke, "limitCustomer", customer="acme", requestsPerSecond=2001)


def test_no_customer_has_more_than_ten_valid_keys_also_when_many_ask_at_once(empty: Released, invoke: Invoke) -> None:
    add(invoke, "acme")

    def issue(number: int) -> bool:
        with psycopg.connect(empty.postgres.dsn, dbname="orders") as connection:
            customers_repository.lock(connection, "acme")
            if customers_repository.count_valid_keys(connection, "acme") >= VALID_KEYS_MAX:
                return False
            key = customers_repository.NewKey(hashlib.sha256(bytes([number])).digest(), "hint")
            customers_repository.issue(connection, "acme", key)
            return True

    with ThreadPoolExecutor(8) as threads:
        issued = sum(threads.map(issue, range(16)))
    assert issued == VALID_KEYS_MAX - 1
    with pytest.raises(CustomerRefusedError, match="acme has 10 valid keys: revoke one first"):
        operate(invoke, "issueKey", customer="acme")


def test_with_the_bucket_away_a_change_is_stored_said_and_published_later(empty: Released, invoke: Invoke) -> None:
    operate(invoke, "publishCustomers")
    empty.aws.is_bucket_away = True
    answer = operate(invoke, "addCustomers", customers=[{"customer": "acme"}])
    assert answer["published"] is False
    assert answer["publishFailure"].startswith("s3://bucket/gateway/customers.json: 503")
    key = answer["customers"][0]["key"]
    assert published(empty) == {}
    empty.aws.is_bucket_away = False
    assert operate(invoke, "publishCustomers") == {"written": True}
    assert published(empty) == {"acme": (100, [sha256(key)])}
    assert operate(invoke, "publishCustomers") == {"written": False}


@pytest.mark.parametrize("damage", [dict.clear, lambda objects: objects.update({PATH: b"{}"})])
def test_an_object_that_is_gone_or_another_one_is_written_again(
    empty: Released, invoke: Invoke, damage: Callable[[dict[str, bytes]], None]
) -> None:
    add(invoke, "acme")
    damage(empty.aws.objects)
    assert operate(invoke, "publishCustomers") == {"written": True}
    assert published(empty).keys() == {"acme"}


def test_each_object_has_a_greater_revision_also_behind_a_clock_that_went_back(empty: Released, invoke: Invoke) -> None:
    add(invoke, "acme")
    ahead = 2**52
    with empty.admin() as connection:
        connection.execute("UPDATE customers.publication SET revision = %s", [ahead])
    add(invoke, "other")
    assert json.loads(empty.aws.objects[PATH])["revision"] == ahead + 1
    with empty.admin() as connection:
        connection.execute("UPDATE customers.publication SET revision = 0")


def test_changes_at_once_end_in_an_object_that_has_them_all(empty: Released, invoke: Invoke) -> None:
    class Store:
        def __init__(self) -> None:
            self.bodies: list[bytes] = []

        def put(self, body: bytes, *, content_type: str) -> str:
            assert content_type == "application/json"
            self.bodies.append(body)
            return f"etag-{len(self.bodies)}"

        def etag(self) -> str | None:
            return f"etag-{len(self.bodies)}"

    store = Store()
    operate(invoke, "publishCustomers")

    def change(number: int) -> None:
        with psycopg.connect(empty.postgres.dsn, dbname="orders", autocommit=True) as connection:
            key = customers_repository.NewKey(hashlib.sha256(bytes([number])).digest(), "hint")
            with connection.transaction():
                customers_repository.add(connection, {f"customer-{number}": 1}, [key])
                customers_repository.count_change(connection)
            publication.publish(connection, store)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, range(24)))
    documents = [json.loads(body) for body in store.bodies]
    assert len(documents[-1]["customers"]) == 24
    revisions = [document["revision"] for document in documents]
    assert revisions == sorted(set(revisions))
    with psycopg.connect(empty.postgres.dsn, dbname="orders") as connection:
        assert not publication.publish(connection, store)


def test_the_stacks_customers_are_adopted_with_their_keys_and_left_alone_when_it_is_repeated(
    empty: Released, invoke: Invoke
) -> None:
    stack = [
        {"customer": "demo", "secretId": "gateway/demo", "requestsPerSecond": 1000},
        {"customer": "other", "secretId": "gateway/other"},
    ]
    answer = operate(invoke, "adoptCustomers", customers=stack)
    assert answer == {"adopted": 2, "suspended": [], "published": True}
    assert published(empty)["demo"] == (1000, [sha256("the-key-of-demo-in-the-stacks-secret")])
    (demo,) = operate(invoke, "keys", customer="demo")["keys"]
    another = operate(invoke, "issueKey", customer="demo")
    operate(invoke, "revokeKey", keyId=demo["keyId"])
    operate(invoke, "adoptCustomers", customers=stack)
    assert published(empty)["demo"] == (1000, [sha256(another["key"])])


@pytest.mark.parametrize(
    ("keys", "refusal"),
    [
        (("short", "a-key-that-is-long-enough"), "demo: the key in the secret has fewer than 20 characters"),
        (("a-key-that-is-long-enough", "a-key-that-is-long-enough"), "two secrets hold the same key"),
    ],
)
def test_secrets_whose_keys_cannot_be_customers_are_refused(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, str], refusal: str
) -> None:
    for name, key in zip(("demo", "other"), keys, strict=True):
        monkeypatch.setitem(empty.aws.secrets, f"gateway/{name}", {"key": key})
    stack = [{"customer": name, "secretId": f"gateway/{name}"} for name in ("demo", "other")]
    with pytest.raises(CustomerRefusedError, match=refusal):
        operate(invoke, "adoptCustomers", customers=stack)
    assert empty.count("customers.customers") == 0


def test_a_customer_that_the_stack_names_no_more_is_suspended_and_others_are_not(
    empty: Released, invoke: Invoke
) -> None:
    add(invoke, "acme")
    stack = [{"customer": name, "secretId": f"gateway/{name}"} for name in ("demo", "other")]
    operate(invoke, "adoptCustomers", customers=stack)
    assert operate(invoke, "adoptCustomers", customers=stack[:1])["suspended"] == ["other"]
    assert published(empty).keys() == {"acme", "demo"}


@pytest.mark.parametrize(
    ("operation", "arguments", "refusal"),
    [
        ("addCustomers", {}, '"customers" is a list of 1 to 500'),
        ("addCustomers", {"customers": []}, '"customers" is a list of 1 to 500'),
        ("addCustomers", {"customers": [{"customer": "x"}] * 501}, '"customers" is a list of 1 to 500'),
        ("addCustomers", {"customers": [{"customer": "x"}, {"customer": "x"}]}, "a customer is named twice"),
        ("addCustomers", {"customers": [{"customer": "Acme"}]}, '"customer" is a name of small letters'),
        ("addCustomers", {"customers": [{"customer": "erased-1"}]}, "not erased-…"),
        ("addCustomers", {"customers": [{"customer": "x" * 64}]}, "at most 63"),
        ("addCustomers", {"customers": [{"customer": "x", "key": "mine"}]}, "not 'key'"),
        ("addCustomers", {"customers": [{"customer": "x", "requestsPerSecond": 0}]}, "an integer from 1 to"),
        ("adoptCustomers", {"customers": [{"customer": "x"}]}, '"secretId" is the secret'),
        ("limitCustomer", {"customer": "x"}, '"requestsPerSecond" is an integer'),
        ("issueKey", {}, '"customer" is a name'),
        ("revokeKey", {"keyId": "x"}, '"keyId" is an id'),
        ("customers", {"after": "a", "customer": "b"}, 'either "after" or "customer"'),
    ],
)
def test_arguments_that_are_wrong_are_refused_with_what_would_be_right(
    invoke: Invoke, operation: str, arguments: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(InvalidRequestError, match=refusal):
        operate(invoke, operation, **arguments)


@pytest.mark.parametrize("operation", ["keys", "issueKey", "suspendCustomer", "resumeCustomer", "customers"])
def test_a_customer_that_there_is_not_is_said(invoke: Invoke, operation: str) -> None:
    with pytest.raises(CustomerRefusedError, match="there is no customer nobody"):
        operate(invoke, operation, customer="nobody")


def test_a_stacks_key_that_is_another_customers_is_refused(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = [{"customer": "demo", "secretId": "gateway/demo"}]
    operate(invoke, "adoptCustomers", customers=stack)
    monkeypatch.setitem(empty.aws.secrets, "gateway/other", empty.aws.secrets["gateway/demo"])
    with pytest.raises(CustomerRefusedError, match="a key of another customer"):
        operate(invoke, "adoptCustomers", customers=[{"customer": "other", "secretId": "gateway/other"}])
    assert operate(invoke, "customers")["total"] == 1


def test_an_unpublished_change_is_as_old_as_the_first_that_waits(empty: Released, invoke: Invoke) -> None:
    empty.aws.is_bucket_away = True
    add(invoke, "acme")
    with empty.admin() as connection:
        connection.execute("UPDATE customers.publication SET changed_at = changed_at - interval '200 s'")
        add(invoke, "other")
        assert publication.unpublished_age_s(connection) >= 200
        empty.aws.is_bucket_away = False
        operate(invoke, "publishCustomers")
        assert publication.unpublished_age_s(connection) == 0


def test_the_log_has_neither_keys_nor_names(invoke: Invoke, caplog: pytest.LogCaptureFixture) -> None:
    added = add(invoke, "acme")["acme"]
    issued = operate(invoke, "issueKey", customer="acme")
    operate(invoke, "revokeKey", keyId=issued["keyId"])
    logged = str([record.__dict__ for record in caplog.records])
    assert "AddCustomers" in logged
    assert issued["keyId"] in logged
    assert not any(secret in logged for secret in (added["key"], issued["key"], "acme"))
