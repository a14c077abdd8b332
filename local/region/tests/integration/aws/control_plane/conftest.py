"""One control plane for all tests that only add to it, and one of its own for a test that ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.aws.control_plane.running_control_plane import RunningControlPlane


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningControlPlane]:
    running = RunningControlPlane(tmp_path_factory.mktemp("control-plane") / "state")
    yield running
    running.stop()


@pytest.fixture
def own_control_plane(tmp_path: Path) -> Iterator[RunningControlPlane]:
    running = RunningControlPlane(tmp_path / "state")
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="session")
def network(control_plane: RunningControlPlane) -> dict[str, Any]:
    """A VPC with two subnets."""
    ec2 = control_plane.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = {"us-east-1a": "10.9.0.0/24", "us-east-1b": "10.9.1.0/24"}
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, cidr in zones.items()
    ]
    control_plane.client("rds").create_db_subnet_group(
        DBSubnetGroupName="both", DBSubnetGroupDescription="both zones", SubnetIds=subnets
    )
    return {"vpc": vpc, "subnets": subnets}
