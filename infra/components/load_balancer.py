"""The load balancer in front of Kong: the only thing that the internet reaches, on one port.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network import ANYWHERE, open_outwards

# TLS 1.2 and 1.3.
SSL_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """`target_port` is where requests go, `health_port` and `health_path` say whether a target takes any."""

    prefix: str
    certificate_arn: str | None
    is_protected: bool
    target_port: int
    health_port: int
    health_path: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]


class LoadBalancer(pulumi.ComponentResource):
    """An application load balancer.

    Creates:
      - its security group, open to the internet on the listener's port
      - the balancer, its target group and listener: HTTPS with a certificate, else HTTP

    Outputs: dns_name, security_group_id, target_group_arn, listener, arn_suffix and
    target_group_arn_suffix (the names in metrics).
    """

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:LoadBalancer", name, None, opts)
        port = 443 if args.certificate_arn else 80
        group = self._build_group(name, args, port)
        targets = self._build_target_group(name, args)
        balancer = self._build_balancer(name, args, group)
        self.listener = self._build_listener(name, args, port, balancer=balancer, targets=targets)
        self.security_group_id: pulumi.Output[str] = group.id
        self.target_group_arn: pulumi.Output[str] = targets.arn
        self.target_group_arn_suffix: pulumi.Output[str] = targets.arn_suffix
        self.dns_name: pulumi.Output[str] = balancer.dns_name
        self.arn_suffix: pulumi.Output[str] = balancer.arn_suffix
        self.register_outputs({"dns_name": self.dns_name})

    def _build_group(self, name: str, args: LoadBalancerArgs, port: int) -> aws.ec2.SecurityGroup:
        group = open_outwards(f"{name}-balancer", "The load balancer", args.vpc_id, parent=self)
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-balancer-{port}",
            security_group_id=group.id,
            cidr_ipv4=ANYWHERE,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return group

    def _build_target_group(self, name: str, args: LoadBalancerArgs) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            name,
            name=f"{args.prefix}orders-kong",
            vpc_id=args.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=args.target_port,
            deregistration_delay=30,
            health_check={
                "path": args.health_path,
                "port": str(args.health_port),
                "interval": 10,
                "healthy_threshold": 2,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_balancer(self, name: str, args: LoadBalancerArgs, group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
        return aws.lb.LoadBalancer(
            name,
            name=f"{args.prefix}orders",
            load_balancer_type="application",
            subnets=args.subnet_ids,
            security_groups=[group.id],
            drop_invalid_header_fields=True,
            enable_deletion_protection=args.is_protected,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_listener(
        self,
        name: str,
        args: LoadBalancerArgs,
        port: int,
        *,
        balancer: aws.lb.LoadBalancer,
        targets: aws.lb.TargetGroup,
    ) -> aws.lb.Listener:
        return aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=port,
            protocol="HTTPS" if args.certificate_arn else "HTTP",
            certificate_arn=args.certificate_arn,
            ssl_policy=SSL_POLICY if args.certificate_arn else None,
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            opts=pulumi.ResourceOptions(parent=self),
        )
