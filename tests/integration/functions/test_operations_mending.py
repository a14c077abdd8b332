"""What an operator looks at and mends in the database without SQL: who blocks whom, keys, notes about redeliveries."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.errors import AdminShutdown, QueryCanceled
from tests.integration.functions.conftest import DATABASE, PASSWORD, Released
from tests.integration.functions.http_events import post_order
from tests.integration.functions.life_rows import invoiced
from tests.integration.functions.test_operations import Invoke, operate

from operations.arguments import InvalidRequestError
from operations.parked_messages import UnknownMessageError


def login(released: Released, role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(released.postgres.dsn_for(role, PASSWORD, DATABASE), application_name="test")


@contextmanager
def blocked(released: Released) -> Iterator[tuple[int, int, list[Exception]]]:
    """One login holds an order that another one waits for: their process ids, and how the wait ends."""
    order_id = invoiced(released)
    statement, ends = f"UPDATE orders.orders SET status = status WHERE order_id = '{order_id}'", []
    with login(released, "order_updater") as holder, login(released, "order_updater") as waiter:
        holder.execute(statement)

        def wait() -> None:
            try:
                waiter.execute(statement)
            except psycopg.Error as error:
                ends.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        yield holder.info.backend_pid, waiter.info.backend_pid, ends
        if not holder.broken:
            holder.rollback()
        thread.join()


def waiting_transaction(invoke: Invoke, pid: int) -> dict[str, Any]:
    """What activity says of a session, as soon as it waits for another one."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for each in operate(invoke, "activity")["transactions"]:
            if each["pid"] == pid and each["blockedBy"]:
                return dict(each)
    raise AssertionError("nothing waits")


def test_activity_names_who_waits_for_whom_and_for_how_long(empty: Released, invoke: Invoke) -> None:
    with blocked(empty) as (holder, waiter, _):
        found = waiting_transaction(invoke, waiter)
        answer = operate(invoke, "activity")
    by_pid = {each["pid"]: each for each in answer["transactions"]}

    assert found["blockedBy"] == [holder]
    assert found["waitsFor"].startswith("Lock: ")
    assert found["statement"].startswith("UPDATE orders.orders SET status")
    assert by_pid[holder]["state"] == "idle in transaction"
    assert by_pid[holder]["openSeconds"] >= found["openSeconds"] >= 0
    assert by_pid[holder]["login"] == "order_updater"
    assert answer["blocked"] == 1
    assert 2 <= answer["connections"] <= answer["connectionsMax"]
    sessions = {(each["login"], each["state"]): each["sessions"] for each in answer["sessions"]}
    assert sessions["order_updater", "idle in transaction"] == 1
    json.dumps(answer)


def test_activity_of_a_quiet_database_is_short_and_leaves_itself_out(empty: Released, invoke: Invoke) -> None:
    answer = operate(invoke, "activity")

    assert answer["blocked"] == 0
    assert not [each for each in answer["transactions"] if each["login"] == "operations"]


def test_a_statement_is_canceled_and_its_session_goes_on(empty: Released, invoke: Invoke) -> None:
    with blocked(empty) as (_, waiter, ends):
        waiting_transaction(invoke, waiter)
        assert operate(invoke, "cancelStatement", pid=waiter) == {"canceled": 1}
        wait_until(lambda: bool(ends))

    assert isinstance(ends[0], QueryCanceled)


def test_a_session_that_holds_a_lock_and_runs_nothing_is_ended(empty: Released, invoke: Invoke) -> None:
    order_id = invoiced(empty)
    holder = login(empty, "order_updater")
    holder.execute("UPDATE orders.orders SET status = status WHERE order_id = %s", [order_id])
    assert operate(invoke, "cancelStatement", pid=holder.info.backend_pid, endSession=True) == {"ended": 1}
    with pytest.raises((AdminShutdown, psycopg.OperationalError)):
        holder.execute("SELECT 1")
    holder.close()

    with login(empty, "order_updater") as free:
        free.execute("SET LOCAL lock_timeout = '5s'")
        free.execute("UPDATE orders.orders SET status = status WHERE order_id = %s", [order_id])


def test_what_is_no_session_of_this_database_is_left_alone(empty: Released, invoke: Invoke) -> None:
    ((checkpointer,),) = empty.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    for pid in (checkpointer, 2**31 - 1):
        with pytest.raises(UnknownMessageError, match=f"no other session of this database has the process id {pid}"):
            operate(invoke, "cancelStatement", pid=pid, endSession=True)


def test_a_freed_key_orders_anew_and_says_which_order_it_stood_for(empty: Released, invoke: Invoke) -> None:
    first = json.loads(invoke("create_order", post_order(key="mine"))["body"])
    assert json.loads(invoke("create_order", post_order(key="mine"))["body"]) == first
    assert operate(invoke, "freeIdempotencyKey", customerId="demo", key="mine") == {
        "freed": 1,
        "orderId": first["orderId"],
    }

    assert json.loads(invoke("create_order", post_order(key="mine"))["body"])["orderId"] != first["orderId"]
    for customer, key in (("other", "mine"), ("demo", "another")):
        with pytest.raises(UnknownMessageError, match="no such idempotency key"):
            operate(invoke, "freeIdempotencyKey", customerId=customer, key=key)


def test_neither_a_key_nor_its_customer_is_in_the_log(
    empty: Released, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    invoke("create_order", post_order(key="remarkable"))
    caplog.clear()
    operate(invoke, "freeIdempotencyKey", customerId="demo", key="remarkable")
    (line,) = [vars(record) for record in caplog.records if record.message == "operation done"]

    assert line["request"] == {"operation": "FreeIdempotencyKey"}
    assert line["outcome"] == {"freed": 1}


def test_notes_about_redeliveries_are_forgotten_on_one_side_and_kept_on_the_other(
    empty: Released, invoke: Invoke
) -> None:
    with empty.admin() as connection:
        for side, deaths in (("orders", 1), ("invoices", 0), ("invoices", 2)):
            connection.execute(
                f"INSERT INTO {side}.delivery_attempts (fingerprint, environment, deaths)"
                " VALUES (sha256(gen_random_uuid()::text::bytea), gen_random_uuid(), %s)",
                [deaths],
            )

    assert operate(invoke, "forgetAttempts", side="invoices") == {"forgotten": 2, "deathsMax": 2}
    assert (empty.count("orders.delivery_attempts"), empty.count("invoices.delivery_attempts")) == (1, 0)
    assert operate(invoke, "forgetAttempts", side="invoices") == {"forgotten": 0, "deathsMax": 0}


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ({"operation": "order"}, 'either "orderId" or "invoice"'),
        ({"operation": "order", "orderId": "x", "invoice": "1"}, 'either "orderId" or "invoice"'),
        ({"operation": "order", "orderId": "x"}, '"orderId" is the id of an order'),
        ({"operation": "order", "invoice": ""}, '"invoice" is text of 1 to 255 characters'),
        ({"operation": "reemit"}, '"orderId" is the id of an order'),
        ({"operation": "match", "invoice": "1"}, '"unmatchedId" is an id'),
        (
            {"operation": "match", "unmatchedId": "00000000-0000-0000-0000-000000000000", "invoice": 1},
            '"invoice" is text',
        ),
        ({"operation": "freeIdempotencyKey", "customerId": "demo"}, '"key" is text'),
        ({"operation": "freeIdempotencyKey", "key": "k"}, '"customerId" is a customer'),
        ({"operation": "forgetAttempts", "side": "both"}, '"side" is one of orders, invoices'),
        ({"operation": "activity", "limit": 5}, "activity takes no argument"),
        ({"operation": "cancelStatement"}, 'cancelStatement takes "pid"'),
        ({"operation": "cancelStatement", "pid": 0}, '"pid" is an integer from 1'),
        ({"operation": "cancelStatement", "pid": 5, "endSession": "yes"}, '"endSession" true or false'),
    ],
)
def test_what_is_wrong_with_an_event_is_said(invoke: Invoke, event: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidRequestError, match=complaint):
        invoke("operations", event)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
