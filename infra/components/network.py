"""The VPC: public subnets for the load balancer, private ones with a way out for everything else."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components.flow_logs import FlowLogs, FlowLogsArgs

ANYWHERE = "0.0.0.0/0"
HTTPS_PORT = 443
# The pollers of a private broker need these without a NAT gateway; Kong and the functions use them as well.
# Spans go to X-Ray through the NAT gateways, which is cheaper up to 600 GB a month (docs/tracing.md).
ENDPOINTS = ("lambda", "secretsmanager", "sts")


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """`nat_gateways` is `Single` or `OnePerAz`: AWS's APIs are reached through them where no endpoint is nearer.

    `zone_cidr_mask` is the part of the VPC that a zone has, so that another zone moves no subnet.
    """

    cidr_block: str
    region: str
    availability_zones: int
    zone_cidr_mask: int
    nat_gateways: str
    private_endpoints: bool
    flow_logs: FlowLogsArgs | None = None


class Network(pulumi.ComponentResource):
    """The network that everything stands in.

    Creates:
      - a VPC with a public and a private subnet per availability zone, internet and NAT gateways, routes
      - the security group of the functions: nothing in, everything out
      - with `flow_logs` a record of its connections
      - with `private_endpoints` an interface endpoint for each API that is called all the time

    Outputs: vpc_id, public_subnet_ids, private_subnet_ids, function_security_group_id.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Network", name, None, opts)
        vpc = self._build_vpc(name, args)
        self.vpc_id: pulumi.Output[str] = vpc.vpc_id
        self.public_subnet_ids: pulumi.Output[Sequence[str]] = vpc.public_subnet_ids
        self.private_subnet_ids: pulumi.Output[Sequence[str]] = vpc.private_subnet_ids
        functions = open_outwards(f"{name}-functions", "Lambda functions", vpc.vpc_id, parent=self)
        self.function_security_group_id: pulumi.Output[str] = functions.id
        if args.flow_logs is not None:
            FlowLogs(name, args.flow_logs, vpc_id=self.vpc_id, opts=pulumi.ResourceOptions(parent=self))
        if args.private_endpoints:
            self._build_endpoints(name, args)
        self.register_outputs({"vpc_id": self.vpc_id})

    def _build_vpc(self, name: str, args: NetworkArgs) -> awsx.ec2.Vpc:
        return awsx.ec2.Vpc(
            name,
            cidr_block=args.cidr_block,
            number_of_availability_zones=args.availability_zones,
            # Without it awsx divides the VPC by the number of zones, and subnets of a living stack would meet others.
            availability_zone_cidr_mask=args.zone_cidr_mask,
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=awsx.ec2.NatGatewayStrategy(args.nat_gateways)),
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            subnet_specs=[
                awsx.ec2.SubnetSpecArgs(type=awsx.ec2.SubnetType.PUBLIC, cidr_mask=24),
                awsx.ec2.SubnetSpecArgs(type=awsx.ec2.SubnetType.PRIVATE, cidr_mask=20),
            ],
            # Interface endpoints with private names need it, and the VPC's default is off.
            enable_dns_hostnames=True,
            enable_dns_support=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_endpoints(self, name: str, args: NetworkArgs) -> None:
        """With these endpoints AWS's own host names lead to addresses of the VPC, for all that runs in it."""
        opts = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(f"{name}-endpoints", description="AWS APIs", vpc_id=self.vpc_id, opts=opts)
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-endpoints",
            security_group_id=group.id,
            cidr_ipv4=args.cidr_block,
            ip_protocol="tcp",
            from_port=HTTPS_PORT,
            to_port=HTTPS_PORT,
            opts=opts,
        )
        for service in ENDPOINTS:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=self.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[group.id],
                private_dns_enabled=True,
                opts=opts,
            )


def open_outwards(
    name: str, description: str, vpc_id: pulumi.Input[str], *, parent: pulumi.Resource
) -> aws.ec2.SecurityGroup:
    """Create a security group that lets nothing in and everything out; `allow` opens it to a peer."""
    opts = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(name, description=description, vpc_id=vpc_id, opts=opts)
    aws.vpc.SecurityGroupEgressRule(name, security_group_id=group.id, ip_protocol="-1", cidr_ipv4=ANYWHERE, opts=opts)
    return group


def allow(
    name: str, *, into: aws.ec2.SecurityGroup, port: int, peer: pulumi.Input[str], parent: pulumi.Resource
) -> aws.vpc.SecurityGroupIngressRule:
    """Let members of the security group `peer` reach `port` of the members of `into`."""
    return aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=into.id,
        referenced_security_group_id=peer,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=pulumi.ResourceOptions(parent=parent),
    )
