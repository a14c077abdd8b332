"""What moto lacks of RDS, by boto3: each is as AWS documents it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from integration.aws.control_plane.running_control_plane import RunningControlPlane, create_database

ROLE = "arn:aws:iam::000000000000:role/pool"


def test_a_proxy_says_how_it_lets_clients_in(control_plane: RunningControlPlane, network: dict[str, Any]) -> None:
    rds = control_plane.client("rds")
    rds.create_db_proxy(
        DBProxyName="by-iam",
        EngineFamily="POSTGRESQL",
        RoleArn=ROLE,
        DefaultAuthScheme="IAM_AUTH",
        VpcSubnetIds=network["subnets"],
    )
    (found,) = rds.describe_db_proxies(DBProxyName="by-iam")["DBProxies"]
    assert found["DefaultAuthScheme"] == "IAM_AUTH"


@pytest.mark.usefixtures("network")
def test_each_database_has_a_resource_id_of_its_own(control_plane: RunningControlPlane) -> None:
    ids = {name: create_database(control_plane, name)["DbiResourceId"] for name in ("first", "second")}
    filters = [{"Name": "dbi-resource-id", "Values": [ids["second"]]}]
    (found,) = control_plane.client("rds").describe_db_instances(Filters=filters)["DBInstances"]
    assert found["DBInstanceIdentifier"] == "second"
    assert ids["first"] != ids["second"]


@pytest.mark.usefixtures("network")
def test_a_database_says_what_was_asked_of_it(control_plane: RunningControlPlane) -> None:
    rds = control_plane.client("rds")
    plain = create_database(control_plane, "plain")
    assert "EngineLifecycleSupport" not in plain
    assert "PerformanceInsightsEnabled" not in plain
    key = control_plane.client("kms").create_key()["KeyMetadata"]["Arn"]
    support = "open-source-rds-extended-support-disabled"
    made = create_database(
        control_plane,
        "watched",
        EnablePerformanceInsights=True,
        PerformanceInsightsKMSKeyId=key,
        EngineLifecycleSupport=support,
    )
    assert made["EngineLifecycleSupport"] == support
    insights = (made["PerformanceInsightsKMSKeyId"], made["PerformanceInsightsRetentionPeriod"])
    assert (made["PerformanceInsightsEnabled"], *insights) == (True, key, 7)
    changed = rds.modify_db_instance(DBInstanceIdentifier="watched", PerformanceInsightsRetentionPeriod=31)
    assert changed["DBInstance"]["PerformanceInsightsRetentionPeriod"] == 31
    assert changed["DBInstance"]["PerformanceInsightsKMSKeyId"] == key
    off = rds.modify_db_instance(DBInstanceIdentifier="watched", EnablePerformanceInsights=False)["DBInstance"]
    assert off["PerformanceInsightsEnabled"] is False
    assert "PerformanceInsightsKMSKeyId" not in off


@pytest.mark.usefixtures("network")
def test_a_managed_secret_holds_the_master_user_and_a_password_of_its_own(control_plane: RunningControlPlane) -> None:
    secrets_manager = control_plane.client("secretsmanager")
    arns = [create_database(control_plane, name)["MasterUserSecret"]["SecretArn"] for name in ("mine", "yours")]
    values = [json.loads(secrets_manager.get_secret_value(SecretId=arn)["SecretString"]) for arn in arns]
    assert [value["username"] for value in values] == ["administrator", "administrator"]
    assert values[0]["password"] != values[1]["password"]
    assert len(values[0]["password"]) == 32
    found = {each["id"]: each["secret_arn"] for each in control_plane.resources()["databases"]}
    assert [found["mine"], found["yours"]] == arns


@pytest.mark.usefixtures("network")
def test_backups_are_copied_to_another_region(control_plane: RunningControlPlane) -> None:
    source = create_database(control_plane, "copied")["DBInstanceArn"]
    here, there = control_plane.client("rds"), control_plane.client("rds", "us-west-2")
    copy = there.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source, BackupRetentionPeriod=3)
    arn = copy["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"]
    (found,) = there.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=arn)[
        "DBInstanceAutomatedBackups"
    ]
    assert (found["Status"], found["DBInstanceArn"], found["BackupRetentionPeriod"]) == ("replicating", source, 3)
    (instance,) = here.describe_db_instances(DBInstanceIdentifier="copied")["DBInstances"]
    assert instance["DBInstanceAutomatedBackupsReplications"] == [{"DBInstanceAutomatedBackupsArn": arn}]
    there.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source)
    assert (
        there.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=arn)["DBInstanceAutomatedBackups"]
        == []
    )
    (instance,) = here.describe_db_instances(DBInstanceIdentifier="copied")["DBInstances"]
    assert instance["DBInstanceAutomatedBackupsReplications"] == []


def test_a_parameter_that_was_set_is_the_users(control_plane: RunningControlPlane) -> None:
    rds = control_plane.client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="set", DBParameterGroupFamily="postgres18", Description="set")
    parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="set", Parameters=[parameter])
    for asked_for in ({}, {"Source": "user"}):
        found = rds.describe_db_parameters(DBParameterGroupName="set", **asked_for)["Parameters"]
        assert found == [{**parameter, "Source": "user"}]
    assert rds.describe_db_parameters(DBParameterGroupName="set", Source="engine-default")["Parameters"] == []
