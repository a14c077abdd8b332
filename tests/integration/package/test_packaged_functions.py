"""What `make package` builds, not the source tree, answers the recorded events under the real runtime client."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.integration.package.packaged_system import DATABASE, PackagedEmulator
from tests.plain_http import NO_TLS

from components.database import INSTANCE_ROOT_CERT
from localregion.plan.model import Plan

EVENTS = Path(__file__).parents[2] / "events"
# What any of the functions needs of others.
THIRD_PARTY = ("aws_lambda_powertools", "pika", "psycopg", "pydantic_core", "sqlalchemy")


def recorded(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@pytest.fixture(scope="module")
def invoke(packaged: PackagedEmulator) -> Callable[[str, str], Any]:
    """Return a function that sends a recorded event; what the function answers, or its log."""

    def send(function: str, event: str) -> Any:
        url = f"{packaged.url}/2015-03-31/functions/{function}/invocations"
        # Nothing is compiled yet: on a busy machine SQLAlchemy alone may take longer than a client usually waits.
        answer = httpx.post(url, json=recorded(event), timeout=300, verify=NO_TLS)
        assert "x-amz-function-error" not in answer.headers, f"{answer.text}\n{packaged.log(function)}"
        return answer.json()

    # Everything else stands on what the release makes.
    assert send("release", "invocation_release").keys() == {"revision", "rabbitmq_version"}
    return send


def test_the_functions_find_no_package_outside_of_their_archives(packaged: PackagedEmulator) -> None:
    find = f"import importlib.util as u; print([n for n in {THIRD_PARTY} if u.find_spec(n)])"
    found = subprocess.run([packaged.python, "-c", find], env={}, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_archives_hold_no_tool_of_the_development_side(packaged: PackagedEmulator) -> None:
    held = {entry.name for entry in (packaged.folder / "layers").glob("*/python/*")}
    assert {"pydantic_core", "psycopg"} <= held
    assert held & {"boto3", "pytest", "pulumi", "awslambdaric", "pydantic"} == set()


def test_the_release_has_the_authorities_where_its_variable_says(packaged: PackagedEmulator) -> None:
    task = packaged.folder / "functions"
    assert (task / Path(INSTANCE_ROOT_CERT).relative_to("/var/task")).read_text().count("BEGIN CERTIFICATE") == 81


def test_create_order_accepts_the_order(invoke: Callable[[str, str], Any], packaged: PackagedEmulator) -> None:
    answer = invoke("create_order", "kong_create_order")
    assert answer["statusCode"] == 201, answer
    # Published and confirmed: the outbox is empty again.
    with psycopg.connect(packaged.postgres.dsn, dbname=DATABASE) as connection:
        assert connection.execute("SELECT count(*) FROM orders.outbox").fetchone() == (0,)


def test_invoice_consumer_issues_an_invoice_that_get_order_shows(
    invoke: Callable[[str, str], Any], packaged: PackagedEmulator
) -> None:
    event = recorded("kong_get_order")
    order_id = event["pathParameters"]["order_id"]
    customer = event["headers"]["x-consumer-custom-id"]
    with psycopg.connect(packaged.postgres.dsn, dbname=DATABASE) as connection:
        order = (order_id, customer)
        connection.execute("INSERT INTO orders.orders VALUES (%s, %s, 1999, 'BRL', 'pending', now())", order)
    assert invoke("invoice_consumer", "rabbitmq_order_created")["issued"] == 1
    answer = invoke("get_order", "kong_get_order")
    assert (answer["statusCode"], json.loads(answer["body"])["invoice"]["number"]) == (200, 1)
    listed = json.loads(invoke("get_order", "kong_list_orders")["body"])["orders"]
    assert [order["invoice"]["number"] for order in listed if order["orderId"] == order_id] == [1]
    assert invoke("get_order", "kong_get_invoice")["statusCode"] == 404


def test_an_order_is_canceled_and_its_invoice_with_it(
    invoke: Callable[[str, str], Any], packaged: PackagedEmulator
) -> None:
    event = recorded("kong_cancel_order")
    with psycopg.connect(packaged.postgres.dsn, dbname=DATABASE) as connection:
        order = (event["pathParameters"]["order_id"], event["headers"]["x-consumer-custom-id"])
        insert = "INSERT INTO orders.orders VALUES (%s, %s, 1999, 'BRL', 'pending', now()) ON CONFLICT DO NOTHING"
        connection.execute(insert, order)
    invoke("invoice_consumer", "rabbitmq_order_created")
    answer = invoke("cancel_order", "kong_cancel_order")
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (200, "canceled")
    assert invoke("invoice_consumer", "rabbitmq_order_canceled")["canceled"] == 1
    assert invoke("order_updater", "rabbitmq_invoice_paid")["passed_over"] == 1


def test_a_webhook_of_another_time_is_refused(invoke: Callable[[str, str], Any]) -> None:
    answer = invoke("record_payment", "kong_record_payment")
    assert (answer["statusCode"], json.loads(answer["body"])["title"]) == (401, "Invalid signature")


@pytest.mark.parametrize("event", ["kong_get_health", "kong_get_openapi"])
def test_get_order_answers_its_open_routes(event: str, invoke: Callable[[str, str], Any]) -> None:
    answer = invoke("get_order", event)
    assert answer["statusCode"] == 200, answer
    assert json.loads(answer["body"]).get("status", "ok") == "ok"


def test_outbox_relay_finds_nothing_due(invoke: Callable[[str, str], Any]) -> None:
    assert invoke("outbox_relay", "schedule_outbox_relay")["published"] == 0
    assert invoke("invoices_relay", "schedule_invoices_relay")["published"] == 0


def test_operations_audits(invoke: Callable[[str, str], Any]) -> None:
    assert "ordersWithoutInvoice" in invoke("operations", "schedule_operations")
    assert invoke("operations", "schedule_operations_purge") is not None


def test_operations_adopts_the_stacks_customers(
    invoke: Callable[[str, str], Any],
) -> None:
    assert invoke("operations", "invocation_customers")["adopted"] == 3


def test_the_recorded_events_are_those_that_the_plan_sends(local_plan: Plan) -> None:
    sent = {f"invocation_{invocation.name}": invocation.input for invocation in local_plan.invocations}
    for schedule in local_plan.schedules:
        # Of the several schedules of one function, the one that alarms watch has its name alone.
        other = "" if schedule.input.get("operation") in (None, "audit") else f"_{schedule.input['operation']}"
        sent[f"schedule_{schedule.function}{other}"] = schedule.input
    assert len(sent) == len(local_plan.schedules) + len(local_plan.invocations)
    assert {name: recorded(name) for name in sent} == sent


def test_every_function_of_the_plan_has_a_recorded_event(local_plan: Plan) -> None:
    listed = (EVENTS / "README.md").read_text()
    assert [function.name for function in local_plan.functions if f"| `{function.name}` |" not in listed] == []
