"""The load balancer in front of Kong: the only thing that the internet reaches, on one port.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.bucket import Bucket, BucketArgs, Delivery
from components.network import ANYWHERE, open_outwards
from components.web_acl import WebAcl, WebAclArgs

# TLS 1.2 and 1.3.
SSL_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True, kw_only=True)
class AccessLogs:
    """How long each request's line is kept, and the ARNs of the balancers of this account and region."""

    days: int
    balancers: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """`target_port` is where requests go, `health_port` and `health_path` say whether a target takes any.

    With `address_requests_per_second` a firewall stands in front and knows that limit.
    """

    prefix: str
    certificate_arn: str | None
    is_protected: bool
    target_port: int
    health_port: int
    health_path: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    access_logs: AccessLogs | None = None
    address_requests_per_second: int | None = None


class LoadBalancer(pulumi.ComponentResource):
    """An application load balancer.

    Creates:
      - its security group, open to the internet on the listener's port
      - the balancer, its target group and listener: HTTPS with a certificate, else HTTP
      - the bucket of its access logs and the firewall, where they are asked for

    Outputs: dns_name, security_group_id, target_group_arn, listener, arn_suffix and
    target_group_arn_suffix (the names in metrics).
    """

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:LoadBalancer", name, None, opts)
        port = 443 if args.certificate_arn else 80
        group = self._build_group(name, args, port)
        targets = self._build_target_group(name, args)
        logs = self._build_logs(name, args, args.access_logs) if args.access_logs else None
        balancer = self._build_balancer(name, args, group, logs)
        if args.address_requests_per_second is not None:
            self._build_web_acl(name, args, balancer, args.address_requests_per_second)
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

    def _build_logs(self, name: str, args: LoadBalancerArgs, logs: AccessLogs) -> Bucket:
        """Build the bucket that the balancer writes to: AWS encrypts these logs with S3's own keys and no others."""
        arguments = BucketArgs(
            name_prefix=f"{args.prefix}orders-access-logs-",
            is_protected=args.is_protected,
            key=None,
            old_versions_days=1,
            expire_days=logs.days,
            deliveries=[
                Delivery(
                    service="logdelivery.elasticloadbalancing.amazonaws.com",
                    objects="AWSLogs/*",
                    source_arn=logs.balancers,
                )
            ],
        )
        return Bucket(f"{name}-access-logs", arguments, pulumi.ResourceOptions(parent=self))

    def _build_web_acl(
        self, name: str, args: LoadBalancerArgs, balancer: aws.lb.LoadBalancer, requests_per_second: int
    ) -> None:
        arguments = WebAclArgs(
            prefix=args.prefix, address_requests_per_second=requests_per_second, balancer_arn=balancer.arn
        )
        WebAcl(name, arguments, pulumi.ResourceOptions(parent=self))

    def _build_balancer(
        self, name: str, args: LoadBalancerArgs, group: aws.ec2.SecurityGroup, logs: Bucket | None
    ) -> aws.lb.LoadBalancer:
        return aws.lb.LoadBalancer(
            name,
            name=f"{args.prefix}orders",
            load_balancer_type="application",
            subnets=args.subnet_ids,
            security_groups=[group.id],
            drop_invalid_header_fields=True,
            enable_deletion_protection=args.is_protected,
            access_logs={"bucket": logs.name, "enabled": True} if logs else None,
            # The balancer tries to write as soon as it is told to, and is refused before the policy stands.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs.policy] if logs else []),
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
