"""The network as awsx's component makes it: a VPC, subnets, routes, a NAT gateway for each zone or for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from typing import Any

from tests.infra.deployment.api import Api, Created, gone, token, until

ANYWHERE = "0.0.0.0/0"


def vpc(api: Api, name: str, inputs: dict[str, Any]) -> Created:
    ec2 = api.client("ec2")
    found = ec2.describe_availability_zones()["AvailabilityZones"]
    zones = [each["ZoneName"] for each in found][: inputs.get("numberOfAvailabilityZones", 3)]
    undo: list[Callable[[], object]] = []
    vpc_id = _vpc(api, name, inputs, undo)
    gateway = _internet_gateway(api, name, vpc_id, undo)
    subnets: dict[str, list[str]] = {"Public": [], "Private": []}
    tables: dict[str, list[str]] = {"Public": [], "Private": []}
    for number, zone in enumerate(zones, start=1):
        for kind, block in _blocks(inputs, number - 1):
            called = f"{name}-{kind.lower()}-{number}"
            subnet = _subnet(api, called, vpc_id, zone=zone, block=block, kind=kind, undo=undo)
            subnets[kind].append(subnet)
            tables[kind].append(_route_table(api, called, vpc_id, subnet, kind, undo))
    gateways = [
        _nat_gateway(api, f"{name}-{number}", subnet, undo)
        for number, subnet in enumerate(subnets["Public"], start=1)
        if inputs["natGateways"]["strategy"] == "OnePerAz" or number == 1
    ]
    for table in tables["Public"]:
        _route(api, table, undo, GatewayId=gateway)
    for number, table in enumerate(tables["Private"]):
        _route(api, table, undo, NatGatewayId=gateways[min(number, len(gateways) - 1)])
    return Created(
        id=vpc_id,
        outputs={
            "vpcId": vpc_id,
            "publicSubnetIds": subnets["Public"],
            "privateSubnetIds": subnets["Private"],
        },
        delete=lambda: [step() for step in reversed(undo)],
    )


def _blocks(inputs: dict[str, Any], zone: int) -> Iterator[tuple[str, str]]:
    """Return the kind and the addresses of a zone's subnets: in the specs' order, each at a multiple of its size."""
    own = list(IPv4Network(inputs["cidrBlock"]).subnets(new_prefix=inputs["availabilityZoneCidrMask"]))[zone]
    address = int(own.network_address)
    for spec in inputs["subnetSpecs"]:
        size = 2 ** (32 - spec["cidrMask"])
        address = -(-address // size) * size
        yield spec["type"], str(IPv4Network((address, spec["cidrMask"])))
        address += size


def _vpc(api: Api, name: str, inputs: dict[str, Any], undo: list[Callable[[], object]]) -> str:
    ec2 = api.client("ec2")
    made: str = ec2.create_vpc(
        AmazonProvidedIpv6CidrBlock=False,
        CidrBlock=inputs["cidrBlock"],
        InstanceTenancy="default",
        TagSpecifications=api.tag_specification("vpc", Name=name),
    )["Vpc"]["VpcId"]

    def delete() -> None:
        ec2.delete_vpc(VpcId=made)
        gone(lambda: ec2.describe_vpcs(VpcIds=[made]))

    undo.append(delete)
    ec2.describe_vpcs(VpcIds=[made])
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    for attribute in ("enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics"):
        ec2.describe_vpc_attribute(Attribute=attribute, VpcId=made)
    of_vpc = {"Name": "vpc-id", "Values": [made]}
    ec2.describe_network_acls(Filters=[{"Name": "default", "Values": ["true"]}, of_vpc])
    ec2.describe_route_tables(Filters=[{"Name": "association.main", "Values": ["true"]}, of_vpc])
    ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}, of_vpc])
    return made


def _internet_gateway(api: Api, name: str, vpc_id: str, undo: list[Callable[[], object]]) -> str:
    ec2 = api.client("ec2")
    specification = api.tag_specification("internet-gateway", Name=name)
    made: str = ec2.create_internet_gateway(TagSpecifications=specification)["InternetGateway"]["InternetGatewayId"]
    undo.append(lambda: ec2.delete_internet_gateway(InternetGatewayId=made))
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc_id)

    def detach() -> None:
        ec2.detach_internet_gateway(InternetGatewayId=made, VpcId=vpc_id)
        ec2.describe_internet_gateways(InternetGatewayIds=[made])

    undo.append(detach)
    ec2.describe_internet_gateways(InternetGatewayIds=[made])
    return made


def _subnet(
    api: Api, name: str, vpc_id: str, *, zone: str, block: str, kind: str, undo: list[Callable[[], object]]
) -> str:
    ec2 = api.client("ec2")
    made: str = ec2.create_subnet(
        AvailabilityZone=zone,
        CidrBlock=block,
        VpcId=vpc_id,
        TagSpecifications=api.tag_specification("subnet", Name=name, SubnetType=kind),
    )["Subnet"]["SubnetId"]
    undo.append(lambda: ec2.delete_subnet(SubnetId=made))
    until(lambda: ec2.describe_subnets(SubnetIds=[made])["Subnets"], lambda found: found[0]["State"] == "available")
    if kind == "Public":
        ec2.modify_subnet_attribute(SubnetId=made, MapPublicIpOnLaunch={"Value": True})
        ec2.describe_subnets(SubnetIds=[made])
    return made


def _route_table(api: Api, name: str, vpc_id: str, subnet: str, kind: str, undo: list[Callable[[], object]]) -> str:
    ec2 = api.client("ec2")
    made: str = ec2.create_route_table(
        ClientToken=token(),
        VpcId=vpc_id,
        TagSpecifications=api.tag_specification("route-table", Name=name, SubnetType=kind),
    )["RouteTable"]["RouteTableId"]
    undo.append(lambda: ec2.delete_route_table(RouteTableId=made))
    ec2.describe_route_tables(RouteTableIds=[made])
    association = ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)["AssociationId"]
    undo.append(lambda: ec2.disassociate_route_table(AssociationId=association))
    filters = [{"Name": "association.route-table-association-id", "Values": [association]}]
    ec2.describe_route_tables(Filters=filters)
    return made


def _nat_gateway(api: Api, name: str, subnet: str, undo: list[Callable[[], object]]) -> str:
    ec2 = api.client("ec2")
    address = ec2.allocate_address(TagSpecifications=api.tag_specification("elastic-ip", Name=name))["AllocationId"]

    undo.append(lambda: ec2.release_address(AllocationId=address))
    ec2.describe_addresses(AllocationIds=[address])
    ec2.describe_addresses_attribute(AllocationIds=[address], Attribute="domain-name")
    made: str = ec2.create_nat_gateway(
        AllocationId=address,
        ClientToken=token(),
        ConnectivityType="public",
        SubnetId=subnet,
        TagSpecifications=api.tag_specification("natgateway", Name=name),
    )["NatGateway"]["NatGatewayId"]

    def state() -> str:
        found = ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"]
        return str(found[0]["State"]) if found else "deleted"

    def delete() -> None:
        ec2.delete_nat_gateway(NatGatewayId=made)
        until(state, lambda found: found == "deleted")

    until(state, lambda found: found == "available")
    (bound,) = ec2.describe_addresses(AllocationIds=[address])["Addresses"]
    undo.append(lambda: ec2.disassociate_address(AssociationId=bound["AssociationId"]))
    undo.append(delete)
    return made


def _route(api: Api, table: str, undo: list[Callable[[], object]], **target: str) -> None:
    ec2 = api.client("ec2")
    ec2.create_route(DestinationCidrBlock=ANYWHERE, RouteTableId=table, **target)

    def delete() -> None:
        ec2.delete_route(DestinationCidrBlock=ANYWHERE, RouteTableId=table)
        ec2.describe_route_tables(RouteTableIds=[table])

    undo.append(delete)
    ec2.describe_route_tables(RouteTableIds=[table])


RESOURCES = {"awsx:ec2:Vpc": vpc}
