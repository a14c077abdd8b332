"""Kong on Fargate behind a load balancer, DB-less: its whole configuration is one secret that the task reads at start.

The configuration holds the customers' keys, so it is a secret of its own; a task definition names one version of it, so
a change rolls the service. The component states it as its own input with the keys marked secret: `make plan` reads it
there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components.function import Function
from components.network import ANYWHERE, allow, open_outwards
from components.policy import Statement, policy_document, trust

CONTAINER = "kong"
PROXY_PORT = 8000
STATUS_PORT = 8100
_TASK_EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
_SETTINGS = {
    "KONG_DATABASE": "off",
    "KONG_ADMIN_LISTEN": "off",
    "KONG_PROXY_LISTEN": f"0.0.0.0:{PROXY_PORT}",
    "KONG_STATUS_LISTEN": f"0.0.0.0:{STATUS_PORT}",
    "KONG_PROXY_ACCESS_LOG": "/dev/stdout",
    "KONG_PROXY_ERROR_LOG": "/dev/stderr",
    # A body beyond the buffer goes to the task's disk first.
    "KONG_NGINX_HTTP_CLIENT_BODY_BUFFER_SIZE": "1m",
    # Credentials come from the task role; waiting for an instance's metadata costs the first request seconds.
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """`declarative_config` is the filled-in kong.yml; `functions` are those that Kong may invoke."""

    prefix: str
    kong_version: str
    declarative_config: Mapping[str, Any]
    functions: Sequence[Function]
    region: str
    tasks: int
    certificate_arn: str | None
    vpc_id: pulumi.Input[str]
    public_subnet_ids: pulumi.Input[Sequence[str]]
    private_subnet_ids: pulumi.Input[Sequence[str]]


class Gateway(pulumi.ComponentResource):
    """The way in.

    Creates:
      - the secret with Kong's declarative configuration
      - a load balancer, its listener (HTTPS with a certificate) and target group, security groups
      - a cluster, a log group, task and execution role, the Fargate service

    Outputs: url.
    """

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        described = {"version": args.kong_version, "declarative_config": args.declarative_config}
        super().__init__("serverless-orders:components:Gateway", name, described, opts)
        balancer_group = open_outwards(f"{name}-balancer", "The load balancer", args.vpc_id, parent=self)
        kong_group = open_outwards(f"{name}-kong", "Kong", args.vpc_id, parent=self)
        for port in (PROXY_PORT, STATUS_PORT):
            allow(f"{name}-kong-{port}", into=kong_group, port=port, peer=balancer_group.id, parent=self)
        targets = self._build_target_group(name, args)
        balancer, listener = self._build_load_balancer(name, args, balancer_group, targets)
        self._build_service(name, args, kong_group, targets, listener)
        scheme = "https" if args.certificate_arn else "http"
        self.url: pulumi.Output[str] = pulumi.Output.concat(f"{scheme}://", balancer.dns_name)
        self.register_outputs({"url": self.url})

    def _build_configuration(self, name: str, args: GatewayArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Return the secret's ARN and what a container refers to: one version of it."""
        opts = pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            name, name=f"{args.prefix}gateway-configuration", recovery_window_in_days=0, opts=opts
        )
        version = aws.secretsmanager.SecretVersion(
            name,
            secret_id=secret.id,
            # Secret because the keys in it are.
            secret_string=pulumi.Output.json_dumps(dict(args.declarative_config)),
            opts=opts,
        )
        return secret.arn, pulumi.Output.concat(secret.arn, ":::", version.version_id)

    def _build_target_group(self, name: str, args: GatewayArgs) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            name,
            name=f"{args.prefix}orders-kong",
            vpc_id=args.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=PROXY_PORT,
            deregistration_delay=30,
            health_check={"path": "/status/ready", "port": str(STATUS_PORT), "interval": 10, "healthy_threshold": 2},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_load_balancer(
        self, name: str, args: GatewayArgs, group: aws.ec2.SecurityGroup, targets: aws.lb.TargetGroup
    ) -> tuple[aws.lb.LoadBalancer, aws.lb.Listener]:
        opts = pulumi.ResourceOptions(parent=self)
        port = 443 if args.certificate_arn else 80
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-balancer-{port}",
            security_group_id=group.id,
            cidr_ipv4=ANYWHERE,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=opts,
        )
        balancer = aws.lb.LoadBalancer(
            name,
            name=f"{args.prefix}orders",
            load_balancer_type="application",
            subnets=args.public_subnet_ids,
            security_groups=[group.id],
            drop_invalid_header_fields=True,
            opts=opts,
        )
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=port,
            protocol="HTTPS" if args.certificate_arn else "HTTP",
            certificate_arn=args.certificate_arn,
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06" if args.certificate_arn else None,
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            opts=opts,
        )
        return balancer, listener

    def _build_service(
        self,
        name: str,
        args: GatewayArgs,
        group: aws.ec2.SecurityGroup,
        targets: aws.lb.TargetGroup,
        listener: aws.lb.Listener,
    ) -> None:
        opts = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(name, name=f"{args.prefix}orders", opts=opts)
        awsx.ecs.FargateService(
            name,
            name=f"{args.prefix}kong",
            cluster=cluster.arn,
            desired_count=args.tasks,
            task_definition_args=self._build_task_definition(name, args),
            load_balancers=[
                {"target_group_arn": targets.arn, "container_name": CONTAINER, "container_port": PROXY_PORT}
            ],
            network_configuration={
                "subnets": args.private_subnet_ids,
                "security_groups": [group.id],
                "assign_public_ip": False,
            },
            deployment_circuit_breaker={"enable": True, "rollback": True},
            continue_before_steady_state=False,
            # A service may only name a target group that a listener already uses.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[listener]),
        )

    def _build_task_definition(self, name: str, args: GatewayArgs) -> awsx.ecs.FargateServiceTaskDefinitionArgs:
        secret_arn, configuration = self._build_configuration(name, args)
        task_role = self._build_role(f"{name}-task", [function.invoke() for function in args.functions])
        read = Statement(actions=["secretsmanager:GetSecretValue"], resources=[secret_arn])
        execution_role = self._build_role(f"{name}-execution", [read])
        aws.iam.RolePolicyAttachment(
            name, role=execution_role.name, policy_arn=_TASK_EXECUTION, opts=pulumi.ResourceOptions(parent=self)
        )
        log_group = aws.cloudwatch.LogGroup(
            name, name=f"/kong/{args.prefix}orders", retention_in_days=30, opts=pulumi.ResourceOptions(parent=self)
        )
        return awsx.ecs.FargateServiceTaskDefinitionArgs(
            cpu="512",
            memory="1024",
            task_role=awsx.awsx.DefaultRoleWithPolicyArgs(role_arn=task_role.arn),
            execution_role=awsx.awsx.DefaultRoleWithPolicyArgs(role_arn=execution_role.arn),
            log_group=awsx.awsx.DefaultLogGroupArgs(existing=awsx.awsx.ExistingLogGroupArgs(arn=log_group.arn)),
            container=_container(args, configuration),
        )

    def _build_role(self, name: str, statements: Sequence[Statement]) -> aws.iam.Role:
        opts = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=trust("ecs-tasks.amazonaws.com"), opts=opts)
        aws.iam.RolePolicy(name, role=role.name, policy=policy_document(statements), opts=opts)
        return role


def _container(args: GatewayArgs, configuration: pulumi.Output[str]) -> awsx.ecs.TaskDefinitionContainerDefinitionArgs:
    environment = {**_SETTINGS, "AWS_REGION": args.region}
    return awsx.ecs.TaskDefinitionContainerDefinitionArgs(
        name=CONTAINER,
        image=f"public.ecr.aws/docker/library/kong:{args.kong_version}",
        essential=True,
        environment=[
            awsx.ecs.TaskDefinitionKeyValuePairArgs(name=name, value=value) for name, value in environment.items()
        ],
        secrets=[
            awsx.ecs.TaskDefinitionSecretArgs(name="KONG_DECLARATIVE_CONFIG_STRING", value_from=configuration),
        ],
        port_mappings=[
            awsx.ecs.TaskDefinitionPortMappingArgs(container_port=port) for port in (PROXY_PORT, STATUS_PORT)
        ],
    )
