"""Allowed connections: the internet to the load balancer, and from there on only groups to groups.

What awsx's components make is looked at where AWS gets it: of the components themselves Pulumi shows nothing.
"""

import json
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from policies.model import Resource, Stack, policy

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))  # RFC 1918


@policy(INGRESS)
def open_to_the_world_is_https_only(resource: Resource, stack: Stack) -> Iterator[str]:
    """From outside private addresses only the load balancer is reached, on 443 (on 80 outside production)."""
    given = resource.properties
    blocks = [block for block in (given.get("cidrIpv4"), given.get("cidrIpv6")) if block]
    if all(_is_private(str(block)) for block in blocks):
        return
    balancers = {
        group for balancer in stack.of_type(BALANCER) for group in balancer.properties.get("securityGroups") or ()
    }
    if given.get("securityGroupId") not in balancers:
        yield f"{', '.join(blocks)} may reach a group that is not the load balancer's"
    ports = {443} if stack.is_production else {80, 443}
    if given.get("fromPort") not in ports or given.get("fromPort") != given.get("toPort"):
        yield f"{', '.join(blocks)} may reach ports {given.get('fromPort')} to {given.get('toPort')}"


@policy(INGRESS)
def ingress_names_a_port(resource: Resource, stack: Stack) -> Iterator[str]:
    """A rule lets one port in over TCP, from one kind of peer."""
    given = resource.properties
    if (
        given.get("ipProtocol") != "tcp"
        or given.get("fromPort") is None
        or given.get("fromPort") != given.get("toPort")
    ):
        yield "it must open one TCP port"
    peers = [key for key in ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId") if given.get(key)]
    if len(peers) != 1:
        yield f"it must name one kind of peer, it names {', '.join(peers) or 'none'}"


@policy(GROUP)
def groups_have_no_rules_inside(resource: Resource, stack: Stack) -> Iterator[str]:
    """Rules of security groups are resources of their own: rules inside would remove those."""
    if resource.properties.get("ingress") or resource.properties.get("egress"):
        yield "ingress and egress must be rules of their own"


@policy(VPC)
def nat_gateways_are_what_the_stack_pays_for(resource: Resource, stack: Stack) -> Iterator[str]:
    """In production each zone has its NAT gateway; elsewhere one serves all, since each costs and awsx makes many."""
    found = len(stack.of_type(NAT_GATEWAY))
    zones = len({subnet.properties["availabilityZone"] for subnet in stack.of_type(SUBNET)})
    wanted = zones if stack.is_production else 1
    if found != wanted:
        yield f"it has {found} NAT gateways for {zones} zones, it must have {wanted}"


@policy(VPC)
def networks_are_private_and_watched(resource: Resource, stack: Stack) -> Iterator[str]:
    """A VPC has private addresses, and in production flow logs in a log group of the program."""
    if not _is_private(str(resource.properties["cidrBlock"])):
        yield f"cidrBlock is {resource.properties['cidrBlock']}, addresses of the internet"
    groups = {group.properties["arn"] for group in stack.of_type("aws:cloudwatch/logGroup:LogGroup")}
    logs = [log.properties for log in stack.of_type(FLOW_LOG) if log.properties["vpcId"] == resource.properties["id"]]
    if stack.is_production and not logs:
        yield "it has no flow logs"
    for log in logs:
        if log.get("logDestination") not in groups:
            yield f"its flow logs go to {log.get('logDestination')}, which is no log group of the program"


@policy(TASK)
def kong_trusts_its_own_network(resource: Resource, stack: Stack) -> Iterator[str]:
    """A client's address is taken from a header of the VPC's own members alone: any other could name another one."""
    blocks = {str(vpc.properties["cidrBlock"]) for vpc in stack.of_type(VPC)}
    for container in json.loads(resource.properties["containerDefinitions"]):
        given = {each["name"]: each["value"] for each in container.get("environment") or ()}
        trusted = {*given.get("KONG_TRUSTED_IPS", "").split(",")} - {""}
        if not trusted <= blocks:
            yield f"{container['name']} trusts {', '.join(sorted(trusted - blocks))}"


@policy(VPC)
def names_lead_to_interface_endpoints(resource: Resource, stack: Stack) -> Iterator[str]:
    """AWS's names are resolved inside the VPC, where interface endpoints answer to them."""
    given = resource.properties
    if not (given.get("enableDnsHostnames") and given.get("enableDnsSupport")):
        yield "interface endpoints need enableDnsHostnames and enableDnsSupport"


@policy("aws:ecs/service:Service")
def gateway_stands_in_private_subnets(resource: Resource, stack: Stack) -> Iterator[str]:
    """Kong has its own security group and no public address: by default it gets the default VPC and an open group."""
    given = resource.properties.get("networkConfiguration") or {}
    private = {each.properties["id"] for each in stack.of_type(SUBNET) if not _is_public(each)}
    if not given.get("subnets") or not {*given["subnets"]} <= private:
        yield "networkConfiguration must name private subnets of the program"
    groups = {group.properties["id"] for group in stack.of_type(GROUP)}
    if not given.get("securityGroups") or not {*given["securityGroups"]} <= groups:
        yield "networkConfiguration must name security groups of the program"
    if given.get("assignPublicIp") is not False:
        yield "assignPublicIp must be false"


def _is_public(subnet: Resource) -> bool:
    return bool(subnet.properties.get("mapPublicIpOnLaunch"))


def _is_private(block: str) -> bool:
    network = ip_network(block, strict=False)
    return isinstance(network, IPv4Network) and any(network.subnet_of(private) for private in PRIVATE)
