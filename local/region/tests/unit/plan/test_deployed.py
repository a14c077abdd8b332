"""The plan that is read from what was deployed: secrets by name only, the gateway from its task, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localregion.plan.deployed import Deployed, Reader, Reading
from localregion.plan.model import Configurator, Schedule

FILES = Path("/state/region")
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"


def resources(**given: list[Any]) -> dict[str, list[Any]]:
    names = ("secrets", "brokers", "databases", "schedules", "services", "buckets")
    return {name: given.get(name, []) for name in names}


def read(**given: list[Any]) -> Reading:
    reader = Reader(resources(**given), gateway_container="kong", files=FILES)
    return reader.read(Deployed(), region="us-east-1", account="000000000000")


def secret(name: str, value: object) -> dict[str, Any]:
    return {"arn": f"{SECRET_ARN}{name}-AbCdEf", "name": name, "value": json.dumps(value)}


def database(**given: Any) -> dict[str, Any]:
    empty = {"id": "db", "arn": "", "engine": "postgres", "engine_version": "18", "name": None, "secret_arn": None}
    return {**empty, "username": "admin", "password": None, **given}


def broker(password: str) -> dict[str, Any]:
    users = [{"username": "admin", "password": password}]
    return {"id": "b-1", "arn": "arn:aws:mq:::broker:b-1", "name": "broker", "engine_version": "4.2", "users": users}


def service(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"cluster": "main", "name": "way-in", "desired_count": 1, "containers": list(containers)}


def container(name: str, **given: Any) -> dict[str, Any]:
    empty = {"name": name, "image": "kong:3.9", "command": None, "environment": {}, "secrets": {}}
    return {**empty, **given}


def test_the_plan_of_an_empty_region_is_empty() -> None:
    plan = read().plan

    assert (plan.database, plan.broker, plan.gateway, plan.secrets, plan.buckets) == (None, None, None, {}, [])


def test_a_secret_is_named_and_its_value_stands_apart() -> None:
    reading = read(secrets=[secret("login", {"username": "me", "password": "hidden"})])

    assert reading.plan.secrets == {"login": {"password": {"$secret": "login"}, "username": "me"}}
    assert reading.secrets == {"login": {"username": "me", "password": "hidden"}}
    assert "hidden" not in reading.plan.to_json()


@pytest.mark.parametrize("value", ["a text", ["a list"], {"_format_version": "3.0"}, None])
def test_a_secret_without_fields_is_the_control_planes_alone(value: object) -> None:
    assert read(secrets=[secret("other", value)]).plan.secrets == {}


def test_a_broker_is_known_by_the_secret_that_holds_its_login() -> None:
    held = secret("broker/admin", {"username": "admin", "password": "hidden"})

    plan = read(secrets=[held], brokers=[broker("hidden")]).plan

    assert plan.broker is not None
    assert (plan.broker.engine_version, plan.broker.admin_secret) == ("4.2", "broker/admin")


def test_a_login_that_no_secret_holds_is_kept_apart_as_well() -> None:
    reading = read(brokers=[broker("hidden")], databases=[database(password="hidden too", name="shop")])

    assert reading.plan.broker is not None
    assert reading.plan.database is not None
    assert reading.secrets[reading.plan.broker.admin_secret]["password"] == "hidden"
    assert reading.secrets[reading.plan.database.admin_secret]["password"] == "hidden too"
    assert reading.plan.database.name == "shop"
    assert "hidden" not in reading.plan.to_json()


def test_a_database_whose_password_rds_keeps_is_known_by_its_secret() -> None:
    managed = secret("rds!db-1", {"username": "admin", "password": "hidden"})

    plan = read(secrets=[managed], databases=[database(secret_arn=managed["arn"])]).plan

    assert plan.database is not None
    assert (plan.database.admin_secret, plan.database.name) == ("rds!db-1", "postgres")


def test_a_schedule_invokes_a_function_by_its_arn() -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:worker:live"
    entry = {"name": "often", "group": "default", "state": "DISABLED", "expression": "rate(1 minute)"}

    (schedule,) = read(schedules=[{**entry, "target_arn": arn, "input": '{"a": 1}'}]).plan.schedules

    assert schedule == Schedule(
        name="often", function="worker", qualifier="live", expression="rate(1 minute)", input={"a": 1}, enabled=False
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"target_arn": "arn:aws:sqs:us-east-1:000000000000:queue"}, "only functions are invoked here"),
        ({"expression": "cron(0 12 * * ? *)"}, "the schedule bad: "),
        ({"input": "no JSON"}, "the input of the schedule bad is no JSON object"),
    ],
)
def test_a_schedule_that_cannot_run_is_told_and_hinders_no_other(changed: dict[str, Any], problem: str) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:worker"
    good = {"name": "good", "state": "ENABLED", "expression": "rate(1 minute)", "target_arn": arn, "input": None}

    reading = read(schedules=[{**good, "name": "bad", **changed}, good])

    assert [schedule.name for schedule in reading.plan.schedules] == ["good"]
    (told,) = reading.problems
    assert problem in told


def test_the_gateway_is_the_service_with_the_container_of_that_name() -> None:
    configuration = {"_format_version": "3.0", "consumers": [{"key": "hidden"}]}
    environment = {
        "KONG_DECLARATIVE_CONFIG_STRING": json.dumps(configuration),
        "KONG_NGINX_PROXY_LIMIT_REQ_STATUS": "429",
        "KONG_DATABASE": "off",
    }

    plan = read(
        secrets=[secret("key", {"key": "hidden"})],
        services=[service(container("worker")), service(container("kong", environment=environment))],
    ).plan

    assert plan.gateway is not None
    assert plan.gateway.version == "3.9"
    assert plan.gateway.settings == {"KONG_NGINX_PROXY_LIMIT_REQ_STATUS": "429"}
    assert plan.gateway.declarative_config == {"_format_version": "3.0", "consumers": [{"key": {"$secret": "key"}}]}
    assert plan.gateway.configurator is None


@pytest.mark.parametrize("suffix", ["", ":::version-1", ":configuration::"])
def test_its_configuration_may_come_from_a_secret(suffix: str) -> None:
    configuration = {"_format_version": "3.0"}
    held = secret(
        "kong", configuration if ":configuration" not in suffix else {"configuration": json.dumps(configuration)}
    )
    secrets = {"KONG_DECLARATIVE_CONFIG_STRING": held["arn"] + suffix}

    plan = read(secrets=[held], services=[service(container("kong", secrets=secrets))]).plan

    assert plan.gateway is not None
    assert plan.gateway.declarative_config == configuration


def test_a_container_beside_it_that_knows_its_admin_api_configures_it() -> None:
    environment = {
        "PROGRAM": "print()",
        "KONG_ADMIN_URL": "http://127.0.0.1:8001",
        "DECLARATIVE_CONFIG": '{"_format_version": "3.0"}',
        "AWS_REGION": "us-east-1",
        "POLL_SECONDS": "2",
    }
    beside = container("configurator", command=["sh", "-c", 'python -c "$PROGRAM"'], environment=environment)

    reading = read(services=[service(container("kong"), beside)])

    assert reading.plan.gateway is not None
    assert reading.plan.gateway.declarative_config == {"_format_version": "3.0"}
    script = "containers/configurator.py"
    assert reading.plan.gateway.configurator == Configurator(
        script=str(FILES / script), environment={"POLL_SECONDS": "2"}
    )
    assert reading.files == {script: "print()"}


def test_a_container_that_cannot_be_run_here_is_told_and_hinders_nothing_else() -> None:
    beside = container("configurator", command=["./configure"], environment={"KONG_ADMIN_URL": "http://127.0.0.1"})

    reading = read(services=[service(container("kong"), beside)], buckets=["kept"])

    (problem,) = reading.problems
    assert "the container configurator runs" in problem
    assert (reading.plan.gateway, reading.plan.buckets) == (None, ["kept"])


def test_of_two_of_what_the_machine_has_once_none_runs() -> None:
    reading = read(brokers=[broker("one"), broker("two")], databases=[database(password="hidden")])

    assert reading.problems == ("this machine runs one broker, and there are 2",)
    assert reading.plan.broker is None
    assert reading.plan.database is not None


@pytest.mark.parametrize("configuration", ["no JSON", "[]"])
def test_a_configuration_that_is_none_is_told(configuration: str) -> None:
    environment = {"KONG_DECLARATIVE_CONFIG_STRING": configuration}

    reading = read(services=[service(container("kong", environment=environment))])

    assert reading.problems == ("the configuration of the container kong is no JSON object",)
