"""Another availability zone in a living stack: no subnet moves, so none can meet one that still stands."""

from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

import pytest
from tests.infra.crosswalk import subnets
from tests.infra.engine import Given
from tests.infra.living import Evaluate, evaluation, of_type
from tests.infra.recording import as_it_was

SUBNET = "aws:ec2/subnet:Subnet"
SPECS = [{"type": "Public", "cidrMask": 24}, {"type": "Private", "cidrMask": 20}]


@pytest.fixture
def stack(tmp_path: Path) -> Evaluate:
    return evaluation(tmp_path)


def blocks(resources: list[Given]) -> dict[str, str]:
    return {name: str(each.inputs["cidrBlock"]) for name, each in of_type(resources, SUBNET).items()}


def conflicts(*placed: dict[str, str]) -> set[tuple[str, str]]:
    """Return the subnets that would overlap when all of these stand at once, as they do during an update."""
    all_of_them = {(name, block) for each in placed for name, block in each.items()}
    return {
        (one[0], other[0])
        for one, other in combinations(sorted(all_of_them), 2)
        if IPv4Network(one[1]).overlaps(IPv4Network(other[1]))
    }


def test_a_third_zone_leaves_every_subnet_where_it_is(stack: Evaluate) -> None:
    two, three = blocks(stack("dev")), blocks(stack("dev", availabilityZones=3))

    assert three.items() > two.items()
    assert three.keys() - two.keys() == {"network-public-3", "network-private-3"}
    assert conflicts(two, three) == set()


def test_without_a_fixed_mask_a_third_zone_meets_what_stands() -> None:
    recorded = blocks(list(as_it_was("dev")))
    three = {each.name: each.inputs["cidrBlock"] for each in subnets("network", "10.0.0.0/16", SPECS, 3, None)}

    # What Pulumi's engine met when this was tried: InvalidSubnet.Conflict.
    assert conflicts(recorded, three) == {
        ("network-private-2", "network-private-3"),
        ("network-public-2", "network-public-3"),
    }


def test_an_existing_stack_of_three_zones_stays_as_it_is(stack: Evaluate) -> None:
    assert blocks(stack("prod")) == blocks(list(as_it_was("prod")))


def test_an_existing_stack_of_two_zones_keeps_its_subnets_by_a_key(stack: Evaluate) -> None:
    recorded = blocks(list(as_it_was("dev")))

    assert blocks(stack("dev", zoneCidrMask=17, vpcCidr="10.0.0.0/16")) == recorded
    # Without the key its second zone moves, which meets nothing but needs the database to stand in the first.
    moved = blocks(stack("dev", vpcCidr="10.0.0.0/16"))
    assert {name for name in moved if moved[name] != recorded[name]} == {"network-public-2", "network-private-2"}
    assert conflicts(recorded, moved) == set()


def test_the_networks_of_two_stacks_can_be_joined(stack: Evaluate) -> None:
    assert conflicts(blocks(stack("dev")), blocks(stack("prod"))) == set()


def test_a_stack_has_its_addresses_by_a_key(stack: Evaluate) -> None:
    moved = blocks(stack("prod", vpcCidr="172.20.0.0/16"))

    assert moved == {name: block.replace("10.0.", "172.20.") for name, block in blocks(stack("prod")).items()}


def test_a_single_broker_stays_in_the_first_subnet_whatever_the_zones(stack: Evaluate) -> None:
    broker = "aws:mq/broker:Broker"
    two, three = stack("dev"), stack("dev", availabilityZones=3)

    assert of_type(two, broker)["broker"].inputs == of_type(three, broker)["broker"].inputs
