"""What a region cannot run is refused with the reason and leaves nothing: it can be made when the reason is gone."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from integration.examples.own_program import OwnProgram, copy_example

from localregion.services.ports import HOST

DATABASE = {
    "DBInstanceIdentifier": "shop",
    "Engine": "postgres",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "owner",
    "MasterUserPassword": "not-a-secret",
}
ROLE = "arn:aws:iam::000000000000:role/schedules"
SCHEDULE: dict[str, Any] = {
    "Name": "nightly",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ScheduleExpression": "rate(1 day)",
    "Target": {"Arn": "arn:aws:lambda:us-east-1:000000000000:function:absent", "RoleArn": ROLE},
}


@pytest.fixture
def region(services_folder: Path) -> Iterator[OwnProgram]:
    program = OwnProgram(copy_example(Path(tempfile.mkdtemp(dir=services_folder))))
    with (program.root / "pyproject.toml").open("a") as project:
        project.write('gateway-container = "kong"\n')
    try:
        booted = program.run("region")
        assert booted.returncode == 0, booted.stdout + booted.stderr
        yield program
    finally:
        ended = program.run("down")
    assert ended.returncode == 0, ended.stderr


def known(region: OwnProgram) -> dict[str, Any]:
    endpoints: dict[str, Any] = json.loads((region.state / "endpoints.json").read_text())
    return endpoints


def client(region: OwnProgram, service: str) -> Any:
    address = known(region)["aws"]
    login = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client(service, endpoint_url=address, **login)


def test_a_database_whose_port_is_taken_is_refused_and_made_once_it_is_free(region: OwnProgram) -> None:
    rds = client(region, "rds")
    with socket.create_server((HOST, region.ports.postgres)):
        with pytest.raises(ClientError, match=f"port {region.ports.postgres} is taken by another program"):
            rds.create_db_instance(**DATABASE)
        assert rds.describe_db_instances()["DBInstances"] == []

    made = rds.create_db_instance(**DATABASE)["DBInstance"]

    assert made["Endpoint"] == {"Address": HOST, "Port": region.ports.postgres}
    assert region.run("status").returncode == 0
    with pytest.raises(ClientError, match="runs one database, and there is one: shop"):
        rds.create_db_instance(**{**DATABASE, "DBInstanceIdentifier": "another"})


def test_engines_that_this_machine_does_not_have_are_refused(region: OwnProgram) -> None:
    with pytest.raises(ClientError, match="of the engine postgres, not mysql"):
        client(region, "rds").create_db_instance(**{**DATABASE, "Engine": "mysql"})
    with pytest.raises(ClientError, match="of the engine RABBITMQ, not ACTIVEMQ"):
        client(region, "mq").create_broker(
            BrokerName="broker",
            EngineType="ACTIVEMQ",
            EngineVersion="5.18",
            HostInstanceType="mq.m7g.medium",
            DeploymentMode="SINGLE_INSTANCE",
            PubliclyAccessible=False,
            AutoMinorVersionUpgrade=True,
            Users=[{"Username": "owner", "Password": "not-a-secret"}],
        )


def test_a_call_that_nothing_answers_is_named_by_service_and_operation(region: OwnProgram) -> None:
    with pytest.raises(ClientError, match="comprehend DetectEntities is not emulated"):
        client(region, "comprehend").detect_entities(Text="text", LanguageCode="en")


def test_what_another_region_would_run_is_refused(region: OwnProgram) -> None:
    elsewhere = boto3.client(
        "rds",
        endpoint_url=client(region, "rds").meta.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    with pytest.raises(ClientError, match="This is the region us-east-1"):
        elsewhere.create_db_instance(**DATABASE)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ScheduleExpression": "cron(0 1 * * ? *)"}, "supported: rate"),
        ({"Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:queue", "RoleArn": ROLE}}, "only functions"),
    ],
)
def test_a_schedule_that_does_not_run_is_refused_and_hinders_no_later_call(
    region: OwnProgram, changed: dict[str, Any], reason: str
) -> None:
    scheduler = client(region, "scheduler")
    with pytest.raises(ClientError, match=reason):
        scheduler.create_schedule(**{**SCHEDULE, **changed})
    assert scheduler.list_schedules()["Schedules"] == []

    scheduler.create_schedule(**SCHEDULE)
    with pytest.raises(ClientError, match=reason):
        scheduler.update_schedule(**{**SCHEDULE, **changed})

    assert scheduler.get_schedule(Name="nightly")["ScheduleExpression"] == "rate(1 day)"
    assert client(region, "secretsmanager").create_secret(Name="after", SecretString="value")["Name"] == "after"


@pytest.fixture
def region_with_a_gateway(region: OwnProgram) -> OwnProgram:
    """A service whose container `kong` has no route, and a second task definition that no Kong takes."""
    ecs = client(region, "ecs")
    ecs.create_cluster(clusterName="way-in")
    for configuration in ('{"_format_version": "3.0"}', "no JSON"):
        variable = {"name": "KONG_DECLARATIVE_CONFIG_STRING", "value": configuration}
        container = {"name": "kong", "image": "kong:3.9.3", "memory": 512, "environment": [variable]}
        ecs.register_task_definition(family="kong", containerDefinitions=[container])
    ecs.create_service(cluster="way-in", serviceName="kong", taskDefinition="kong:1", desiredCount=1)
    return region


def test_a_change_after_which_something_does_not_run_is_told_and_hinders_nothing_else(
    region_with_a_gateway: OwnProgram,
) -> None:
    region = region_with_a_gateway
    ecs, secrets = client(region, "ecs"), client(region, "secretsmanager")
    assert "gateway" in known(region)

    with pytest.raises(ClientError, match="the configuration of the container kong is no JSON object"):
        ecs.update_service(cluster="way-in", service="kong", taskDefinition="kong:2")

    secrets.create_secret(Name="made-meanwhile", SecretString="{}")
    shown = region.run("status")
    assert (shown.returncode, "the container kong is no JSON object" in shown.stdout) == (1, True)
    assert region.run("down").returncode == 0
    booted = region.run("region")
    assert (booted.returncode, "the container kong is no JSON object" in booted.stderr) == (1, True)
    assert secrets.get_secret_value(SecretId="made-meanwhile")["SecretString"] == "{}"

    ecs.update_service(cluster="way-in", service="kong", taskDefinition="kong:1")
    assert region.run("status").returncode == 0
    assert "gateway" in known(region)
