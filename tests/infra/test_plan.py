"""The plan of the real program: what every other part of the local system relies on."""

import importlib
import json
from collections.abc import Callable

import pytest

from configuration import PACKAGES
from contracts import topology
from contracts.settings import required_variables, variables
from localregion.plan import model
from localregion.plan.model import Plan
from operations.request import parse
from policies.functions import READ_BY_EXTENSIONS
from release.topology import PERMISSIONS

FUNCTIONS = sorted(PACKAGES)
STACKS = ["local", "laptop", "dev", "prod"]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_exactly_the_variables_that_its_settings_read(
    plan_of: Callable[[str], Plan], stack: str, name: str
) -> None:
    settings = importlib.import_module(f"{PACKAGES[name]}.settings").Settings
    prefix = "" if stack in ("local", "laptop") else f"{stack}-"
    given = plan_of(stack).function(f"{prefix}{name}").environment.keys() - READ_BY_EXTENSIONS

    assert required_variables(settings) <= given <= variables(settings)


def test_the_functions_of_the_plan_are_the_packages_of_the_project(local: Plan) -> None:
    assert [function.name for function in local.functions] == FUNCTIONS
    for function in local.functions:
        assert function.handler == f"{PACKAGES[function.name]}.handler.lambda_handler"
        assert function.code == f"dist/functions/{PACKAGES[function.name]}.zip"
        assert (function.runtime, function.architecture) == ("python3.13", "arm64")
        assert function.aliases == ["live"]
        assert len(function.layers) <= 5


def test_the_mappings_consume_the_queues_of_the_contracts(local: Plan) -> None:
    found = {mapping.queue: mapping for mapping in local.event_source_mappings}

    assert found.keys() == {name for queue in topology.QUEUES for name in (queue.name, queue.dead_letter_queue)}
    for queue in topology.QUEUES:
        assert (found[queue.name].batch_size, found[queue.dead_letter_queue].batch_size) == (10_000, 1)
    consumers = {"orders": "order_updater", "invoices": "invoice_consumer"}
    for mapping in found.values():
        side = mapping.queue.partition(".")[0]
        assert (mapping.function, mapping.qualifier) == (consumers[side], "live")
        assert mapping.virtual_host == topology.VIRTUAL_HOST
        assert mapping.secret == f"broker/{side}_mapping"
        assert mapping.batching_window_s is None


@pytest.mark.parametrize(("relay", "side"), [("outbox_relay", "orders"), ("invoices_relay", "invoices")])
def test_a_relay_runs_every_minute_and_never_twice_at_once(local: Plan, relay: str, side: str) -> None:
    (schedule,) = [each for each in local.schedules if each.function == relay]

    assert (schedule.qualifier, schedule.expression) == ("live", "rate(1 minute)")
    assert schedule.input == {}
    assert local.function(relay).reserved_concurrency == 1
    assert local.function(relay).environment["OUTBOX_SCHEMA"] == side


@pytest.mark.parametrize("stack", STACKS)
def test_scheduled_runs_do_not_pile_up(plan_of: Callable[[str], Plan], stack: str) -> None:
    plan = plan_of(stack)
    found = {(each.function, each.qualifier): each for each in plan.event_invoke_configs}

    assert found.keys() == {(schedule.function, schedule.qualifier) for schedule in plan.schedules}
    assert {(each.maximum_retry_attempts, each.maximum_event_age_s) for each in found.values()} == {(0, 60)}


def test_the_audit_runs_every_five_minutes_and_writes_metrics(local: Plan) -> None:
    schedules = [each for each in local.schedules if each.function == "operations"]
    schedule, publication, purge = sorted(schedules, key=lambda each: str(each.input["operation"]))

    assert (publication.expression, publication.input) == ("rate(1 minute)", {"operation": "publishCustomers"})
    assert parse(publication.input)
    assert (purge.expression, purge.input) == ("rate(1 day)", {"operation": "purge", "olderThanDays": 90})
    assert parse(purge.input)
    assert (schedule.qualifier, schedule.expression) == ("live", "rate(5 minutes)")
    assert schedule.input == {"operation": "audit", "incremental": True, "emitMetrics": True}
    assert parse(schedule.input).emit_metrics


@pytest.mark.parametrize("stack", STACKS)
def test_no_route_leads_to_the_operators_function(plan_of: Callable[[str], Plan], stack: str) -> None:
    config = plan_of(stack).gateway.declarative_config
    assert "operations" not in json.dumps(config)


def test_the_release_makes_every_role_and_user_that_something_logs_in_as(local: Plan) -> None:
    release = local.invocations[0]
    arns = {*release.input["database_roles"].values(), *release.input["broker_users"].values()}

    roles = {f.environment["DATABASE_USER"] for f in local.functions if f.name != "release"}
    assert release.input["database_roles"].keys() == roles
    assert release.input["broker_users"].keys() == PERMISSIONS.keys()
    assert {arn.rsplit(":secret:", 1)[1] for arn in arns} <= local.secrets.keys()
    assert release.triggers["content"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_deployed_functions_log_in_by_iam_over_verified_tls(plan_of: Callable[[str], Plan], stack: str) -> None:
    plan = plan_of(stack)
    for name in FUNCTIONS:
        environment = plan.function(f"{stack}-{name}").environment
        assert environment["DATABASE_SSLMODE"] == "verify-full"
        assert environment["DATABASE_SSLROOTCERT"].startswith("/")
    for name in FUNCTIONS[:-1]:
        environment = plan.function(f"{stack}-{name}").environment
        assert environment["DATABASE_AUTH"] == "iam"
        assert "DATABASE_SECRET_ID" not in environment
    assert set(plan.invocations[0].input["database_roles"].values()) == {None}
    assert not any(name.startswith(f"{stack}-database/") for name in plan.secrets)


def test_only_production_reserves_concurrency_beside_the_relay(plan_of: Callable[[str], Plan]) -> None:
    reserved = {
        stack: [f.name for f in plan_of(stack).functions if f.reserved_concurrency is not None] for stack in STACKS
    }

    assert reserved["local"] == ["invoices_relay", "outbox_relay"]
    assert reserved["dev"] == ["dev-invoices_relay", "dev-outbox_relay"]
    assert set(reserved["prod"]) == {f"prod-{name}" for name in FUNCTIONS if name != "operations"}


def test_the_stacks_customers_are_adopted_after_the_release_each_with_its_secret(local: Plan) -> None:
    release, adoption = local.invocations

    assert (release.function, adoption.function, adoption.qualifier) == ("release", "operations", "live")
    request = parse(adoption.input)
    assert request.limits == {"demo": 1000, "other": 1000, "limited": 5}
    for name, arn in request.secret_ids.items():
        assert arn.endswith(f":secret:gateway/{name}")
        assert local.secrets[f"gateway/{name}"] == {"key": {"$secret": f"gateway/{name}"}}


def test_the_gateway_holds_neither_customers_nor_keys(local: Plan) -> None:
    gateway = local.gateway

    assert "consumers" not in gateway.declarative_config
    assert gateway.configurator.script == "kong/configurator.py"
    operations = local.function("operations").environment
    assert local.buckets == [operations["CUSTOMERS_BUCKET"]] == [gateway.configurator.environment["CUSTOMERS_BUCKET"]]
    assert operations["CUSTOMERS_KEY"] == gateway.configurator.environment["CUSTOMERS_KEY"]


def test_every_route_invokes_a_function_of_the_plan_at_its_live_version(plan_of: Callable[[str], Plan]) -> None:
    for stack in STACKS:
        plan = plan_of(stack)
        for route in plan.gateway.declarative_config["routes"]:
            (invoke,) = [plugin["config"] for plugin in route["plugins"] if plugin["name"] == "aws-lambda"]
            assert plan.function(invoke["function_name"]).aliases == [invoke["qualifier"]]
            assert ("host" in invoke) == (stack in ("local", "laptop"))


def test_a_plan_resolves_with_a_value_for_each_reference_and_secret(local: Plan) -> None:
    values = {name: f"<{name}>" for name in model.REFERENCES}
    secrets = {name: {field: f"{name}-{field}" for field in fields} for name, fields in local.secrets.items()}

    resolved = model.resolve(local, values, secrets)

    assert resolved.function("create_order").environment["DATABASE_HOST"] == "<database.host>"
    assert resolved.function("create_order").environment["BROKER_ENDPOINT"] == "<broker.endpoint>"
    assert resolved.function("release").environment["BROKER_MANAGEMENT_URL"] == "<broker.management_url>"
    assert resolved.secrets["gateway/demo"] == {"key": "gateway/demo-key"}


def test_numbers_of_the_plan_are_integers(local: Plan) -> None:
    def floats(node: object) -> list[float]:
        if isinstance(node, dict):
            return [found for value in node.values() for found in floats(value)]
        if isinstance(node, list):
            return [found for value in node for found in floats(value)]
        return [node] if isinstance(node, float) and node.is_integer() else []

    assert floats(json.loads(local.to_json())) == []


def test_a_plan_survives_being_written_and_read(local: Plan) -> None:
    assert model.from_json(local.to_json()) == local
