"""The control plane answers Pulumi's provider as it was answered when the real engine deployed, changed and destroyed.

Lambda's requests are the platform's own and not sent here.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.aws.control_plane.running_control_plane import ADDRESSES, RunningControlPlane
from tests.infra.recorded_ids import Ids
from tests.infra.replay import ACCOUNT, Difference, recording, replay

# What was recorded of them, and what they are here.
ELSEWHERE = {
    "amqps://mockmq:5671": ADDRESSES["broker.endpoint"],
    "https://0000.mq.us-east-1.amazonaws.com": ADDRESSES["broker.management_url"],
    "dev-orders.aaaaaaaaaa.us-east-1.rds.amazonaws.com": ADDRESSES["database.host"],
    "dev-orders.db-proxy-26eijxs33cij.us-east-1.rds.amazonaws.com": ADDRESSES["database.host"],
    "dev-orders-1.us-east-1.elb.amazonaws.com": ADDRESSES["gateway"],
}
# Where an answer may differ from the recorded one in the last parts of its path, and why.
EXCUSED = {
    "Endpoint/Port": "the real Postgres' port, not the one that was asked for",
    "deployments/0/rolloutStateReason": "recorded: 'in progress', of a deployment that was COMPLETED",
    "deployments/0/desiredCount": "recorded: unchanged when the service was scaled to 0; AWS changes both",
    "deployments/0/runningCount": "as desiredCount",
}
ACCOUNT_HERE = "000000000000"


@pytest.fixture
def control_plane(tmp_path: Path) -> Iterator[RunningControlPlane]:
    running = RunningControlPlane(tmp_path / "state", account=ACCOUNT_HERE)
    yield running
    running.stop()


@pytest.fixture
def ids() -> Ids:
    return Ids({ACCOUNT: ACCOUNT_HERE, **ELSEWHERE})


def differing(name: str, running: RunningControlPlane, ids: Ids) -> list[str]:
    return [str(each) for each in replay(recording(name), running.address, ids) if not is_excused(each)]


def is_excused(difference: Difference) -> bool:
    return difference.where.endswith(tuple(EXCUSED))


def test_a_deployment_is_answered_as_recorded_from_up_to_destroy(control_plane: RunningControlPlane, ids: Ids) -> None:
    assert differing("up", control_plane, ids) == []
    assert differing("refresh", control_plane, ids) == []
    assert differing("change", control_plane, ids) == []
    assert_runs_what_was_deployed(control_plane.resources())
    assert differing("destroy", control_plane, ids) == []
    assert [found for found in control_plane.resources().values() if found] == []
    vpcs = control_plane.client("ec2").describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in vpcs] == [True]


def assert_runs_what_was_deployed(resources: dict[str, Any]) -> None:
    (database,), (broker,) = resources["databases"], resources["brokers"]
    secrets = {each["arn"]: each for each in resources["secrets"]}
    assert (database["engine"], database["engine_version"], database["name"]) == ("postgres", "17", "orders")
    assert json.loads(secrets[database["secret_arn"]]["value"])["username"] == database["username"] == "orders_admin"
    (admin,) = [json.loads(each["value"]) for each in secrets.values() if each["name"] == "dev-broker/admin"]
    assert broker["users"] == [{"username": admin["username"], "password": admin["password"]}]
    assert (broker["engine_version"], broker["name"]) == ("4.2", "dev-orders")
    schedules = {each["name"]: each["expression"] for each in resources["schedules"]}
    assert schedules == {"dev-outbox-relay": "rate(1 minute)", "dev-audit": "rate(5 minutes)"}
    assert all(":function:dev-" in each["target_arn"] for each in resources["schedules"])
    (service,) = resources["services"]
    assert (service["name"], service["desired_count"]) == ("dev-kong", 1)
    containers = {each["name"]: each for each in service["containers"]}
    assert containers["kong"]["environment"]["KONG_DATABASE"] == "off"
    references = [reference for each in containers.values() for reference in each["secrets"].values()]
    assert references != []
    for reference in references:
        assert ":".join(reference.split(":")[:7]) in secrets


def test_a_crash_changes_no_answer(control_plane: RunningControlPlane, ids: Ids) -> None:
    assert differing("up", control_plane, ids) == []
    before = control_plane.resources()
    control_plane.restart()
    assert control_plane.resources() == before
    assert differing("refresh", control_plane, ids) == []
    assert differing("change", control_plane, ids) == []
    control_plane.restart()
    assert differing("destroy", control_plane, ids) == []
    control_plane.restart()
    assert [found for found in control_plane.resources().values() if found] == []
