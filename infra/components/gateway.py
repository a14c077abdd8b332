"""Kong on Fargate behind a load balancer, DB-less, with a configurator in the same task.

Kong starts empty and is not ready; the configurator posts routes and customers to the Admin API, which listens inside
the task only. Routes are part of the task definition, so another kong.yml rolls the service; customers are not. The
component states both as its own inputs: `make plan` reads them there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components import collector as span_collector
from components import configurator as task_configurator
from components.bucket import Bucket
from components.function import Function
from components.load_balancer import AccessLogs, LoadBalancer, LoadBalancerArgs
from components.network import allow, open_outwards
from components.policy import Statement, policy_document, trust
from components.scaling import leave_the_number_of_tasks, scale

CONTAINER = "kong"
PROXY_PORT = 8000
STATUS_PORT = 8100
ADMIN_PORT = 8001
# Of a configuration: eighty thousand customers.
CONFIGURATION_MAX = "32m"
SETTINGS = {
    "KONG_DATABASE": "off",
    # Containers of a task share the loopback interface, and nobody else has it.
    "KONG_ADMIN_LISTEN": f"127.0.0.1:{ADMIN_PORT}",
    "KONG_NGINX_ADMIN_CLIENT_MAX_BODY_SIZE": CONFIGURATION_MAX,
    "KONG_NGINX_ADMIN_CLIENT_BODY_BUFFER_SIZE": CONFIGURATION_MAX,
    # What `pre-function` hashes keys with.
    "KONG_UNTRUSTED_LUA_SANDBOX_REQUIRES": "resty.sha256",
    "KONG_PROXY_LISTEN": f"0.0.0.0:{PROXY_PORT}",
    "KONG_STATUS_LISTEN": f"0.0.0.0:{STATUS_PORT}",
    "KONG_PROXY_ACCESS_LOG": "/dev/stdout",
    "KONG_PROXY_ERROR_LOG": "/dev/stderr",
    # A body beyond the buffer goes to the task's disk first.
    "KONG_NGINX_HTTP_CLIENT_BODY_BUFFER_SIZE": "1m",
    # Credentials come from the task role; waiting for an instance's metadata costs the first request seconds.
    "AWS_EC2_METADATA_DISABLED": "true",
}


def address_limit(requests_per_second: int) -> dict[str, str]:
    """Return nginx's limit of one address, keys right or wrong: key-auth answers before Kong's own limits can count."""
    return {
        "KONG_NGINX_HTTP_LIMIT_REQ_ZONE": f"$binary_remote_addr zone=addresses:10m rate={requests_per_second}r/s",
        "KONG_NGINX_PROXY_LIMIT_REQ": f"zone=addresses burst={requests_per_second} nodelay",
        "KONG_NGINX_PROXY_LIMIT_REQ_STATUS": "429",
    }


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """`declarative_config` is the filled-in kong.yml; `functions` are those that Kong may invoke.

    `customers` is the bucket with the customers' object, of this key.

    From `tasks` up to `tasks_max` run, as many as it takes. Without `collector` Kong's spans go elsewhere or nowhere.
    """

    prefix: str
    kong_version: str
    declarative_config: Mapping[str, Any]
    customers: Bucket
    customers_key: str
    functions: Sequence[Function]
    region: str
    address_requests_per_second: int
    tasks: int
    tasks_max: int
    certificate_arn: str | None
    is_protected: bool
    log_retention_days: int
    vpc_id: pulumi.Input[str]
    vpc_cidr_block: str
    public_subnet_ids: pulumi.Input[Sequence[str]]
    private_subnet_ids: pulumi.Input[Sequence[str]]
    collector: span_collector.ContainerArgs | None = None
    access_logs: AccessLogs | None = None
    has_web_acl: bool = False


class Gateway(pulumi.ComponentResource):
    """The way in.

    Creates:
      - a load balancer (HTTPS with a certificate) and Kong's security group
      - a cluster, a log group, task and execution role, the Fargate service and its scaling: Kong, its configurator and
        its collector

    Outputs: url; balancer, target_group and configurator (their names in metrics).
    """

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        described = {
            "version": args.kong_version,
            "declarative_config": args.declarative_config,
            "settings": address_limit(args.address_requests_per_second),
            "configurator": {
                "script": task_configurator.SCRIPT,
                "environment": task_configurator.environment(_configurator_args(args)),
            },
        }
        super().__init__("serverless-orders:components:Gateway", name, described, opts)
        balancer = self._build_load_balancer(name, args)
        group = open_outwards(f"{name}-kong", "Kong", args.vpc_id, parent=self)
        for port in (PROXY_PORT, STATUS_PORT):
            allow(f"{name}-kong-{port}", into=group, port=port, peer=balancer.security_group_id, parent=self)
        self._build_service(name, args, group, balancer)
        scheme = "https" if args.certificate_arn else "http"
        self.url: pulumi.Output[str] = pulumi.Output.concat(f"{scheme}://", balancer.dns_name)
        self.balancer: pulumi.Output[str] = balancer.arn_suffix
        self.configurator = _configurator_args(args).service
        self.target_group: pulumi.Output[str] = balancer.target_group_arn_suffix
        self.register_outputs({"url": self.url})

    def _build_load_balancer(self, name: str, args: GatewayArgs) -> LoadBalancer:
        return LoadBalancer(
            name,
            LoadBalancerArgs(
                prefix=args.prefix,
                certificate_arn=args.certificate_arn,
                is_protected=args.is_protected,
                target_port=PROXY_PORT,
                health_port=STATUS_PORT,
                health_path="/status/ready",
                access_logs=args.access_logs,
                address_requests_per_second=args.address_requests_per_second if args.has_web_acl else None,
                vpc_id=args.vpc_id,
                subnet_ids=args.public_subnet_ids,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _build_service(
        self, name: str, args: GatewayArgs, group: aws.ec2.SecurityGroup, balancer: LoadBalancer
    ) -> None:
        opts = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(name, name=f"{args.prefix}orders", opts=opts)
        service = awsx.ecs.FargateService(
            name,
            name=f"{args.prefix}kong",
            cluster=cluster.arn,
            desired_count=args.tasks,
            task_definition_args=self._build_task_definition(name, args),
            load_balancers=[
                {
                    "target_group_arn": balancer.target_group_arn,
                    "container_name": CONTAINER,
                    "container_port": PROXY_PORT,
                }
            ],
            network_configuration={
                "subnets": args.private_subnet_ids,
                "security_groups": [group.id],
                "assign_public_ip": False,
            },
            deployment_circuit_breaker={"enable": True, "rollback": True},
            continue_before_steady_state=False,
            # A service may only name a target group that a listener already uses.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[balancer.listener], transforms=[leave_the_number_of_tasks]
            ),
        )
        scale(
            name,
            pulumi.Output.concat("service/", cluster.name, f"/{args.prefix}kong"),
            service,
            policy_name=f"{args.prefix}kong-cpu",
            tasks=args.tasks,
            tasks_max=args.tasks_max,
            parent=self,
        )

    def _build_task_definition(self, name: str, args: GatewayArgs) -> awsx.ecs.FargateServiceTaskDefinitionArgs:
        may_send = span_collector.send_spans() if args.collector else []
        may_read = args.customers.read(args.customers_key)
        invokes = [each.invoke() for each in args.functions]
        task_role = self._build_role(f"{name}-task", [*invokes, *may_read, *may_send])
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"/kong/{args.prefix}orders",
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # The image is public, so no right on ECR is needed. AWS's managed policy for this role would grant them all.
        write = Statement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[pulumi.Output.concat(log_group.arn, ":*")],
        )
        execution_role = self._build_role(f"{name}-execution", [write])
        return awsx.ecs.FargateServiceTaskDefinitionArgs(
            cpu="512",
            memory="1024",
            task_role=awsx.awsx.DefaultRoleWithPolicyArgs(role_arn=task_role.arn),
            execution_role=awsx.awsx.DefaultRoleWithPolicyArgs(role_arn=execution_role.arn),
            log_group=awsx.awsx.DefaultLogGroupArgs(existing=awsx.awsx.ExistingLogGroupArgs(arn=log_group.arn)),
            containers=_containers(args),
        )

    def _build_role(self, name: str, statements: Sequence[Statement]) -> aws.iam.Role:
        opts = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=trust("ecs-tasks.amazonaws.com"), opts=opts)
        aws.iam.RolePolicy(name, role=role.name, policy=policy_document(statements), opts=opts)
        return role


def _containers(args: GatewayArgs) -> dict[str, awsx.ecs.TaskDefinitionContainerDefinitionArgs]:
    configurator = task_configurator.container(
        _configurator_args(args), args.declarative_config, admin_port=ADMIN_PORT, region=args.region
    )
    containers = {CONTAINER: _kong(args), task_configurator.CONTAINER: configurator}
    if args.collector:
        containers[span_collector.CONTAINER] = span_collector.container(args.collector)
    return containers


def _configurator_args(args: GatewayArgs) -> task_configurator.ConfiguratorArgs:
    return task_configurator.ConfiguratorArgs(
        bucket=args.customers.name, key=args.customers_key, service=f"{args.prefix}kong-configurator"
    )


def _kong(args: GatewayArgs) -> awsx.ecs.TaskDefinitionContainerDefinitionArgs:
    # The client's address is the one that the balancer names; without this all clients share one limit per address.
    client = {
        "KONG_TRUSTED_IPS": args.vpc_cidr_block,
        "KONG_REAL_IP_HEADER": "X-Forwarded-For",
        "KONG_REAL_IP_RECURSIVE": "on",
    }
    limit = address_limit(args.address_requests_per_second)
    environment = {**SETTINGS, **client, **limit, "AWS_REGION": args.region}
    return awsx.ecs.TaskDefinitionContainerDefinitionArgs(
        name=CONTAINER,
        image=f"public.ecr.aws/docker/library/kong:{args.kong_version}",
        essential=True,
        environment=[
            awsx.ecs.TaskDefinitionKeyValuePairArgs(name=name, value=value) for name, value in environment.items()
        ],
        port_mappings=[
            awsx.ecs.TaskDefinitionPortMappingArgs(container_port=port) for port in (PROXY_PORT, STATUS_PORT)
        ],
    )
