"""A way in for people on call, recorded: a task inside the VPC that is reached through AWS's APIs and by nothing else.

SQL is typed into `psql` in the task by ECS Exec, whose commands and output go to a log group. RabbitMQ's page is
reached through a port that Session Manager forwards to the broker alone: a forwarded port is not logged, so the
database has none. Nothing is open to the internet and no key lies about. Who may come stands in `people.py`.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components.broker import MANAGEMENT_PORT, Broker
from components.database import PORT, Database
from components.key import Key
from components.network import ANYWHERE, HTTPS_PORT
from components.policy import Statement, policy_document, trust

CONTAINER = "access"
# Debian's, since ECS Exec logs by `script` and `cat`; its psql speaks to every version that the stack may have.
IMAGE = "public.ecr.aws/docker/library/postgres:17.6-bookworm"
# Amazon Trust Services' roots, which sign the proxy's certificate; the image has none.
TRUST = Path(__file__).resolve().parent / "amazon_trust.pem"
TRUST_IN_CONTAINER = "/tmp/amazon_trust.pem"  # noqa: S108 (the container's own)
# IAM knows no resource for the agent of ECS Exec in the task.
_CHANNELS = Statement(
    actions=[f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")],
    resources=["*"],
)


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """What the task reaches, and where it stands."""

    prefix: str
    log_retention_days: int
    key: Key
    database: Database
    broker: Broker
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]


class Access(pulumi.ComponentResource):
    """The way in.

    Creates:
      - a cluster that records its sessions, their log group, and a service of one small task
      - the task's security group: nothing in; out to database, broker and AWS's APIs
      - a Session document that forwards a port to the broker's page and to nothing else

    Outputs: cluster (its name), page (the document's name).
    """

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Access", name, None, opts)
        self._args = args
        self._log_group = self._build_log_group(name)
        self._cluster = self._build_cluster(name)
        self._page = self._build_page_document(name)
        self._build_service(name, self._build_group(name))
        self.cluster: pulumi.Output[str] = self._cluster.name
        self.page: pulumi.Output[str] = self._page.name
        self.register_outputs({"cluster": self.cluster, "page": self.page})

    def sessions(self) -> list[Statement]:
        """Grant sessions in the tasks of this cluster, and the one document that forwards."""
        # arn:…:cluster/name is the cluster's, arn:…:task/name/… its tasks'.
        tasks = self._cluster.arn.apply(lambda arn: arn.replace(":cluster/", ":task/") + "/*")
        only_here = {"ArnEquals": {"ecs:cluster": self._cluster.arn}}
        only_named = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
        return [
            Statement(actions=["ecs:ListTasks"], resources=["*"], condition=only_here),
            Statement(actions=["ecs:DescribeTasks"], resources=[tasks]),
            Statement(actions=["ecs:ExecuteCommand"], resources=[self._cluster.arn, tasks]),
            Statement(actions=["kms:GenerateDataKey"], resources=[self._args.key.arn]),
            Statement(actions=["ssm:StartSession"], resources=[tasks, self._page.arn], condition=only_named),
        ]

    def _build_log_group(self, name: str) -> aws.cloudwatch.LogGroup:
        """What was typed and answered may hold customers' data, so this group has the stack's key."""
        group = f"/access/{self._args.prefix}orders"
        return aws.cloudwatch.LogGroup(
            name,
            name=group,
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.key.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._args.key.let_logs_encrypt(group)]),
        )

    def _build_cluster(self, name: str) -> aws.ecs.Cluster:
        return aws.ecs.Cluster(
            name,
            name=f"{self._args.prefix}access",
            configuration={
                "execute_command_configuration": {
                    "kms_key_id": self._args.key.arn,
                    "logging": "OVERRIDE",
                    "log_configuration": {
                        "cloud_watch_log_group_name": self._log_group.name,
                        "cloud_watch_encryption_enabled": True,
                    },
                }
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_group(self, name: str) -> aws.ec2.SecurityGroup:
        opts = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(name, description="People on call", vpc_id=self._args.vpc_id, opts=opts)
        inside = (
            ("database", self._args.database.let_in(name, group.id), PORT),
            ("broker", self._args.broker.let_people_in(name, group.id), MANAGEMENT_PORT),
        )
        for peer, peer_id, port in inside:
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{peer}",
                security_group_id=group.id,
                referenced_security_group_id=peer_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=opts,
            )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-apis",
            security_group_id=group.id,
            cidr_ipv4=ANYWHERE,
            ip_protocol="tcp",
            from_port=HTTPS_PORT,
            to_port=HTTPS_PORT,
            opts=opts,
        )
        return group

    def _build_page_document(self, name: str) -> aws.ssm.Document:
        """Host and port are fixed here: who may use the document chooses the port of their own machine, no more."""
        host = self._args.broker.management_url.apply(lambda url: url.removeprefix("https://"))
        content = {
            "schemaVersion": "1.0",
            "description": "RabbitMQ's management page",
            "sessionType": "Port",
            "parameters": {
                "localPortNumber": {"type": "String", "default": "8443", "allowedPattern": "^[1-9][0-9]{3,4}$"}
            },
            "properties": {
                "type": "LocalPortForwarding",
                "host": host,
                "portNumber": str(MANAGEMENT_PORT),
                "localPortNumber": "{{ localPortNumber }}",
            },
        }
        return aws.ssm.Document(
            name,
            name=f"{self._args.prefix}broker-page",
            document_type="Session",
            content=pulumi.Output.json_dumps(content),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_service(self, name: str, group: aws.ec2.SecurityGroup) -> None:
        definition = self._build_task_definition(name)
        aws.ecs.Service(
            name,
            name=f"{self._args.prefix}access",
            cluster=self._cluster.arn,
            task_definition=definition.arn,
            desired_count=1,
            launch_type="FARGATE",
            enable_execute_command=True,
            network_configuration={
                "subnets": self._args.subnet_ids,
                "security_groups": [group.id],
                "assign_public_ip": False,
            },
            # A task whose role may not open channels yet is never entered.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._task_rights]),
        )

    def _build_task_definition(self, name: str) -> aws.ecs.TaskDefinition:
        group, key = self._log_group.arn, self._args.key
        record = [
            Statement(actions=["logs:DescribeLogGroups"], resources=["*"]),
            Statement(
                actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                resources=[pulumi.Output.concat(group, ":*")],
            ),
            Statement(actions=["kms:Decrypt"], resources=[key.arn]),
        ]
        # The image is public and the container logs nothing itself, so the execution role has no right at all.
        return aws.ecs.TaskDefinition(
            name,
            family=f"{self._args.prefix}access",
            cpu="256",
            memory="512",
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            task_role_arn=self._build_task_role(name, [_CHANNELS, *record]).arn,
            container_definitions=pulumi.Output.json_dumps([self._container()]),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _container(self) -> dict[str, Any]:
        environment: dict[str, pulumi.Input[str]] = {
            "AMAZON_TRUST": TRUST.read_text(),
            "PGHOST": self._args.database.endpoint,
            "PGPORT": str(PORT),
            "PGDATABASE": self._args.database.database_name,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": TRUST_IN_CONTAINER,
        }
        return {
            "name": CONTAINER,
            "image": IMAGE,
            "essential": True,
            "entryPoint": ["sh", "-c"],
            "command": [f'printf %s "$AMAZON_TRUST" > {TRUST_IN_CONTAINER} && exec sleep infinity'],
            # Reaps what sessions leave behind.
            "linuxParameters": {"initProcessEnabled": True},
            "environment": [{"name": key, "value": value} for key, value in environment.items()],
        }

    def _build_task_role(self, name: str, statements: Sequence[Statement]) -> aws.iam.Role:
        opts = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=trust("ecs-tasks.amazonaws.com"), opts=opts)
        self._task_rights = aws.iam.RolePolicy(name, role=role.name, policy=policy_document(statements), opts=opts)
        return role
