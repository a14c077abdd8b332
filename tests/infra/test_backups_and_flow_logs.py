"""The record of the network's connections, and the copy of the database's backups in another region."""

import json

import pytest
from tests.infra.registered import Registered, register

from components.backup_copy import BackupCopy, BackupCopyArgs
from components.flow_logs import FlowLogs, FlowLogsArgs


def flow_logs() -> Registered:
    arguments = FlowLogsArgs(prefix="dev-", traffic="REJECT", log_retention_days=7)
    return register(lambda: FlowLogs("network", arguments, vpc_id="vpc-0"))


def test_refused_connections_are_logged_for_as_long_as_everything_else() -> None:
    registered = flow_logs()

    group = registered.one("aws:cloudwatch/logGroup:LogGroup")
    log = registered.one("aws:ec2/flowLog:FlowLog").inputs
    assert (group.inputs["name"], group.inputs["retentionInDays"]) == ("/vpc/dev-orders", 7)
    assert (log["vpcId"], log["trafficType"], log["logDestination"]) == ("vpc-0", "REJECT", group.outputs["arn"])


def test_flow_logs_write_to_their_own_group_and_list_the_accounts() -> None:
    policy = flow_logs().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]
    write, list_ = json.loads(policy)["Statement"]

    assert write["Resource"] == ["arn:aws:logs:us-east-1:000000000000:log-group:/vpc/dev-orders:*"]
    assert (list_["Action"], list_["Resource"]) == (
        ["logs:DescribeLogGroups"],
        ["arn:aws:logs:us-east-1:000000000000:log-group:*"],
    )


@pytest.mark.parametrize("is_protected", [True, False])
def test_backups_are_copied_under_a_key_of_the_other_region(is_protected: bool) -> None:
    arguments = BackupCopyArgs(
        prefix="dev-", region="us-west-2", database_arn="arn:db", days=14, is_protected=is_protected
    )
    registered = register(lambda: BackupCopy("backups", arguments))

    key = registered.one("aws:kms/key:Key")
    copy = registered.one("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication").inputs
    assert (copy["region"], copy["sourceDbInstanceArn"], copy["retentionPeriod"]) == ("us-west-2", "arn:db", 14)
    assert copy["kmsKeyId"] == key.outputs["arn"]
    assert {each.inputs["region"] for each in registered.resources if "region" in each.inputs} == {"us-west-2"}
    assert (key.protect, key.inputs["deletionWindowInDays"]) == ((True, 30) if is_protected else (False, 7))
