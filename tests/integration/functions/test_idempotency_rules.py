"""The idempotency rules beside a model of them: customers, keys, bodies and expiry in any order, on the real database.

hypothesis makes up the histories and shortens one that breaks a rule to the few steps that matter.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.integration.functions.http_events import get, post_order

CUSTOMERS = st.sampled_from(["one", "two"])
KEYS = st.sampled_from(["k", "K", 'with "quotes" and \\'])
# What the client sends, and the order that it means.
BODIES = st.sampled_from(
    [
        (b'{"amount": 1}', (1, "BRL")),
        (b'{"currency": "BRL", "amount": 1}', (1, "BRL")),
        (b'{"amount": 1, "currency": "USD"}', (1, "USD")),
        (b'{"amount": 2}', (2, "BRL")),
    ]
)
RUNS = itertools.count()
BOUNDED = settings(
    deadline=None,
    database=None,
    max_examples=15,
    stateful_step_count=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass
class Known:
    """What the model knows of a used key."""

    order: tuple[int, str]
    answer: str
    is_expired: bool = False


def quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


class IdempotencyRules(RuleBasedStateMachine):
    """Two customers who order, repeat themselves, read, and wait for more than a day."""

    def __init__(self, admin: Any, invoke: Callable[..., dict[str, Any]]) -> None:
        super().__init__()
        self.admin = admin
        self.invoke = invoke
        # Customers of this history's own, so that nothing has to be emptied between two.
        self.prefix = f"run-{next(RUNS)}-"
        self.keys: dict[tuple[str, str], Known] = {}
        self.orders: dict[str, str] = {}

    @rule(customer=CUSTOMERS, body=BODIES)
    def order_without_a_key(self, customer: str, body: tuple[bytes, tuple[int, str]]) -> None:
        self.note(customer, self.post(customer, body[0], key=None), body[1])

    @rule(customer=CUSTOMERS, key=KEYS, body=BODIES, is_quoted=st.booleans())
    def order(self, customer: str, key: str, body: tuple[bytes, tuple[int, str]], is_quoted: bool) -> None:
        answer = self.post(customer, body[0], key=quoted(key) if is_quoted else key)
        known = self.keys.get((customer, key))
        if known is None or known.is_expired:
            self.note(customer, answer, body[1])
            self.keys[customer, key] = Known(body[1], answer["body"])
        elif known.order == body[1]:
            assert answer["statusCode"] == 201
            assert answer["headers"]["Idempotent-Replayed"] == "true"
            assert answer["body"] == known.answer
            assert answer["headers"]["Location"] == f"/orders/{json.loads(known.answer)['orderId']}"
        else:
            assert answer["statusCode"] == 422
            assert json.loads(answer["body"])["type"].endswith(":idempotency-key-reused")

    @rule(customer=CUSTOMERS, key=KEYS)
    def a_day_goes_by(self, customer: str, key: str) -> None:
        self.admin.execute(
            "UPDATE orders.idempotency_keys SET created_at = now() - interval '25 h',"
            " expires_at = now() - interval '1 h' WHERE customer_id = %s AND key = %s",
            [self.prefix + customer, key],
        )
        if (customer, key) in self.keys:
            self.keys[customer, key].is_expired = True

    @rule()
    def expired_keys_are_purged(self) -> None:
        self.admin.execute("DELETE FROM orders.idempotency_keys WHERE expires_at <= now()")

    @precondition(lambda self: self.orders)
    @rule(customer=CUSTOMERS, data=st.data())
    def read(self, customer: str, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.orders)))
        answer = self.invoke("get_order", get(f"/orders/{order_id}", customer=self.prefix + customer))
        assert answer["statusCode"] == (200 if self.orders[order_id] == customer else 404)

    @invariant()
    def every_accepted_order_is_stored_once(self) -> None:
        rows = self.admin.execute(
            "SELECT order_id::text FROM orders.orders WHERE starts_with(customer_id, %s)", [self.prefix]
        ).fetchall()
        assert sorted(row[0] for row in rows) == sorted(self.orders)

    def post(self, customer: str, body: bytes, *, key: str | None) -> dict[str, Any]:
        return self.invoke("create_order", post_order(body, customer=self.prefix + customer, key=key))

    def note(self, customer: str, answer: dict[str, Any], order: tuple[int, str]) -> None:
        """A new order, as it must be answered."""
        assert answer["statusCode"] == 201
        assert "Idempotent-Replayed" not in answer["headers"]
        body = json.loads(answer["body"])
        assert (body["amount"], body["currency"], body["customer"]["id"]) == (*order, self.prefix + customer)
        assert str(uuid.UUID(body["orderId"])) not in self.orders
        self.orders[body["orderId"]] = customer


def test_any_history_follows_the_rules(empty: Any, invoke: Any) -> None:
    with empty.admin() as admin:
        run_state_machine_as_test(lambda: IdempotencyRules(admin, invoke), settings=BOUNDED)
        assert admin.execute("SELECT count(*) FROM orders.orders").fetchone()[0] > 0
    assert empty.count("orders.outbox") == 0
