"""What docs/operations.md has people type, tried: events, statements by the login they name, releases by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from migrations.roles import LOGINS, PEOPLE
from tests.integration.functions.conftest import Context, Released
from tests.integration.functions.http_events import post_order
from tests.integration.functions.test_create_order import take
from tests.integration.functions.test_operations import Invoke, consume, operate, relay
from tests.unit.docs.test_docs import ROOT, words

from contracts import topology
from operations import request
from operations.request import OPERATIONS
from orders.extension import COMMANDS
from release.bootstrap import dependencies as release_dependencies
from release.handler import lambda_handler as release
from release.management_api import ManagementApi

PAGE = words("docs/operations.md")
AN_ID = "0198f8a0-0000-7000-8000-000000000001"
EVENTS = sorted(set(re.findall(r'\{"operation": "\w+"(?:[^{}]|\{[^{}]*\})*\}', PAGE)))
SQL_BLOCKS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def statements() -> Iterator[tuple[str, str]]:
    """Each statement of the page, with the login that the line before it names."""
    for block in SQL_BLOCKS:
        login = "operations"
        for part in re.split(r";\n", block):
            if named := re.findall(r"^-- (\w+):", part, re.MULTILINE):
                login = named[-1]
            if statement := re.sub(r"^--.*\n", "", part, flags=re.MULTILINE).strip():
                yield login, statement.replace("…", AN_ID)


STATEMENTS = list(statements())


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_of_the_page_is_one_that_the_function_takes(event: str) -> None:
    request.parse(json.loads(event.replace("…", AN_ID)))


def test_every_operation_of_operators_is_on_the_page() -> None:
    # A deployment adopts the customers that its configuration names.
    assert {json.loads(event)["operation"] for event in EVENTS} == OPERATIONS.keys() - {"adoptCustomers"}


def test_every_command_of_the_table_has_a_target_that_runs_one_of_ours() -> None:
    table = PAGE[PAGE.index("| locally |") : PAGE.index("A key is shown once")]
    named = {name for row in table.splitlines() for name in re.findall(r"^\| `make ([a-z-]+)", row)}
    makefile = (ROOT / "Makefile").read_text()
    run = {name: re.search(rf"^{name}:.*\n\t@\$\(REGION\) ([\w-]+)", makefile, re.MULTILINE) for name in named}

    assert len(named) > 15
    assert {name for name, found in run.items() if found is None or found[1] not in COMMANDS} == set()


def test_the_variables_of_the_table_are_those_of_their_targets() -> None:
    table = PAGE[PAGE.index("| locally |") : PAGE.index("A key is shown once")]
    makefile = (ROOT / "Makefile").read_text()
    for row in table.splitlines():
        first = row.split("|")[1] if row.startswith("| `make") else ""
        for name in re.findall(r"`make ([a-z-]+)", first):
            recipe = re.search(rf"^{name}:.*\n\t(.*)", makefile, re.MULTILINE)
            assert recipe, name
            assert [each for each in re.findall(r"\b([A-Z_]+)=", first) if f"$({each})" not in recipe[1]] == []


def test_the_page_has_statements_for_both_logins_of_people() -> None:
    assert {login for login, _ in STATEMENTS} - LOGINS.keys() == PEOPLE.keys()
    assert len(STATEMENTS) > 12


@pytest.mark.parametrize(("login", "statement"), STATEMENTS, ids=[each[:60] for _, each in STATEMENTS])
def test_a_statement_of_the_page_runs_with_the_rights_of_its_login(empty: Released, login: str, statement: str) -> None:
    with empty.admin() as connection, connection.transaction(force_rollback=True):
        if login == "on_call":
            connection.execute("SET TRANSACTION READ ONLY")
        connection.execute(f"SET LOCAL ROLE {login}")
        connection.execute(statement)


def test_people_who_look_are_refused_what_breaks_the_glass(empty: Released) -> None:
    changes = [each for login, each in STATEMENTS if login == "break_glass" and not each.startswith("SELECT")]
    assert len(changes) > 6
    for statement in changes:
        with empty.admin() as connection, connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL ROLE on_call")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)


def test_the_statement_that_tells_of_an_order_again_is_invoiced_like_the_event_itself(
    empty: Released, invoke: Invoke
) -> None:
    order = json.loads(invoke("create_order", post_order())["body"])
    ((_, body),) = take(empty)
    (statement,) = [each for _, each in STATEMENTS if each.startswith("INSERT INTO orders.outbox")]
    with empty.admin() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE break_glass")
        connection.execute(statement.replace(AN_ID, order["orderId"]))
    ((told,),) = empty.query("SELECT body FROM orders.outbox")

    assert json.loads(bytes(told)) == json.loads(body)
    assert relay(invoke) == 1
    assert consume(empty, invoke)["issued"] == 1
    assert operate(invoke, "audit", olderThanSeconds=0)["healthy"]


def test_a_queue_that_is_gone_is_declared_again_by_the_release_of_the_page(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policy, binding and all: what waited in the outbox goes."""
    node = empty.rabbitmq
    api = ManagementApi(node.management_url, username=node.username, password=node.password)
    (payload,) = set(re.findall(r"--payload '(\{\"database_roles\": \{\}, \"broker_users\": \{\}\})'", PAGE))
    queue = topology.QUEUES[0]
    api.delete("queues", topology.VIRTUAL_HOST, queue.name)
    api.delete("policies", topology.VIRTUAL_HOST, queue.policy)
    order = json.loads(invoke("create_order", post_order())["body"])
    assert len(operate(invoke, "outbox")["rows"]) == 1

    run_release(empty, json.loads(payload), monkeypatch)

    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now()")
    assert relay(invoke) == 1
    assert consume(empty, invoke)["issued"] == 1
    assert operate(invoke, "order", orderId=order["orderId"])["unheard"] == []
    assert api.get("policies", topology.VIRTUAL_HOST, queue.policy)["pattern"]


def test_a_users_new_password_is_in_force_by_the_release_of_the_page(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    (payload,) = re.findall(r"--payload '(\{\"database_roles\": \{\}, \"broker_users\": \{\"[^']*\})'", PAGE)
    event = json.loads(payload.replace("prod-", ""))
    assert event["broker_users"] == {"orders_publisher": "broker/orders_publisher"}

    run_release(empty, event, monkeypatch)

    invoke("create_order", post_order())
    assert operate(invoke, "outbox")["rows"] == []


def run_release(released: Released, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        for name, value in released.environ.items():
            patch.setenv(name, value)
        release_dependencies.cache_clear()
        release(event, Context())
