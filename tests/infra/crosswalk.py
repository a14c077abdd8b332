"""What awsx (Pulumi's "Crosswalk") makes of its components: the mocks show a component alone, the engine what is below.

Written after awsx's `subnetDistributorNew.ts`, `fargateService.ts` and `containers.ts`, as far as the policies look;
`test_crosswalk.py` holds it to a recorded deployment.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from itertools import islice
from math import ceil, log2
from typing import Any

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A resource below a component: type, name, id and inputs."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]


def below(type_: str, name: str, given: Mapping[str, Any]) -> Iterator[Made]:
    """Yield what a component of awsx makes of its inputs; nothing for any other resource."""
    if type_ == "awsx:ec2:Vpc":
        yield from _vpc(name, given)
    if type_ == "awsx:ecs:FargateService":
        yield from _fargate_service(name, given)


def subnets(vpc: str, cidr: str, specs: Sequence[Mapping[str, Any]], zones: int, zone_mask: int | None) -> list[Made]:
    """Return the subnets of a VPC: each zone has an equal part, in which they follow each other in their order."""
    whole = IPv4Network(cidr)
    mask = zone_mask or whole.prefixlen + ceil(log2(zones))
    made = []
    for number, part in enumerate(islice(whole.subnets(new_prefix=mask), zones), start=1):
        start = part.network_address
        for spec in specs:
            block = ip_network((start, spec["cidrMask"]), strict=False)
            if block.network_address < start:
                block = ip_network((block.broadcast_address + 1, spec["cidrMask"]))
            start = block.broadcast_address + 1
            kind = spec["type"].lower()
            inputs = {
                "availabilityZone": ZONES[number - 1],
                "cidrBlock": str(block),
                "mapPublicIpOnLaunch": kind == "public",
                "vpcId": "vpc-0",
            }
            # As the mocks' outputs of the VPC number them.
            id_ = f"subnet-{kind}{number - 1}"
            made.append(Made(type="aws:ec2/subnet:Subnet", name=f"{vpc}-{kind}-{number}", id=id_, inputs=inputs))
    return made


def _vpc(name: str, given: Mapping[str, Any]) -> Iterator[Made]:
    named = ("cidrBlock", "enableDnsHostnames", "enableDnsSupport")
    yield Made(type="aws:ec2/vpc:Vpc", name=name, id="vpc-0", inputs={key: given[key] for key in named if key in given})
    zones = int(given["numberOfAvailabilityZones"])
    mask = given.get("availabilityZoneCidrMask")
    placed = subnets(name, given["cidrBlock"], given["subnetSpecs"], zones, mask)
    yield from placed
    public = [each for each in placed if each.inputs["mapPublicIpOnLaunch"]]
    for number, subnet in enumerate(public[: 1 if given["natGateways"]["strategy"] == "Single" else None], start=1):
        inputs = {"subnetId": subnet.id}
        yield Made(type="aws:ec2/natGateway:NatGateway", name=f"{name}-{number}", id=f"nat-{number}", inputs=inputs)


def _fargate_service(name: str, given: Mapping[str, Any]) -> Iterator[Made]:
    definition = given["taskDefinitionArgs"]
    task_inputs = {
        "containerDefinitions": json.dumps([_container(key, each) for key, each in definition["containers"].items()]),
        "cpu": definition["cpu"],
        "executionRoleArn": definition["executionRole"]["roleArn"],
        "family": f"{name}-0",
        "memory": definition["memory"],
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "taskRoleArn": definition["taskRole"]["roleArn"],
    }
    arn = f"arn:aws:ecs:us-east-1:000000000000:task-definition/{name}-0:1"
    yield Made(type="aws:ecs/taskDefinition:TaskDefinition", name=name, id=f"{name}-0", inputs=task_inputs)
    service_inputs = {key: each for key, each in given.items() if key not in _COMPONENTS_OWN}
    service_inputs |= {
        "launchType": "FARGATE",
        "taskDefinition": arn,
        "waitForSteadyState": not given.get("continueBeforeSteadyState", False),
    }
    yield Made(type="aws:ecs/service:Service", name=name, id=f"service-{name}", inputs=service_inputs)


_COMPONENTS_OWN = frozenset({"taskDefinitionArgs", "continueBeforeSteadyState"})


def _container(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    made = {**given, "name": name, "logConfiguration": {"logDriver": "awslogs"}}
    if ports := given.get("portMappings"):
        made["portMappings"] = [{**each, "hostPort": each["containerPort"]} for each in ports]
    return made
