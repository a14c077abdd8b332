"""RabbitMQ on Amazon MQ, private to the VPC, with the one user that AWS lets us name: the administrator.

All other users, the exchanges and the queues are made by `release`: no AWS API knows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.key import Key
from components.network import allow, open_outwards
from components.policy import Statement
from components.secret import Secret, login

AMQPS_PORT = 5671
MANAGEMENT_PORT = 443
ADMINISTRATOR = "admin"
# In a single instance nothing is consumed meanwhile; a cluster takes its nodes one after the other.
MAINTENANCE = {"day_of_week": "SUNDAY", "time_of_day": "04:00", "time_zone": "UTC"}


@dataclass(frozen=True, kw_only=True)
class BrokerArgs:
    """`deployment_mode` is `SINGLE_INSTANCE` or `CLUSTER_MULTI_AZ`; `client_security_group_id` may connect.

    Without `is_encrypted_with_key` AWS encrypts with a key of its own. A change of it replaces the broker.
    """

    prefix: str
    engine_version: str
    instance_type: str
    deployment_mode: str
    is_protected: bool
    is_encrypted_with_key: bool
    key: Key
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Output[Sequence[str]]
    client_security_group_id: pulumi.Input[str]


class Broker(pulumi.ComponentResource):
    """The broker.

    Creates:
      - the administrator's secret
      - an Amazon MQ broker running RabbitMQ
      - a security group that lets the functions in, and Lambda's pollers, which join the broker's own group

    Outputs: arn, name, endpoint (AMQP), management_url, administrator (its Secret).
    """

    def __init__(self, name: str, args: BrokerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Broker", name, None, opts)
        self._prefix = args.prefix
        self._key = args.key
        self.administrator = self._build_login("administrator", f"{args.prefix}broker/admin", ADMINISTRATOR)
        self._group = group = open_outwards(
            name, "RabbitMQ and the pollers of event source mappings", args.vpc_id, parent=self
        )
        allow(f"{name}-functions", into=group, port=AMQPS_PORT, peer=args.client_security_group_id, parent=self)
        allow(f"{name}-management", into=group, port=MANAGEMENT_PORT, peer=args.client_security_group_id, parent=self)
        allow(f"{name}-pollers", into=group, port=AMQPS_PORT, peer=group.id, parent=self)
        broker = self._build_broker(name, args, group)
        self.arn: pulumi.Output[str] = broker.arn
        self.name: pulumi.Output[str] = broker.broker_name
        self.endpoint: pulumi.Output[str] = broker.instances.apply(_amqp_endpoint)
        self.management_url: pulumi.Output[str] = broker.instances.apply(
            lambda instances: str(instances[0].console_url)
        )
        self.register_outputs({"arn": self.arn, "endpoint": self.endpoint, "management_url": self.management_url})

    def let_people_in(self, name: str, peer: pulumi.Input[str]) -> pulumi.Output[str]:
        """Let members of the security group `peer` reach the management page; returns the group that they reach."""
        allow(f"{name}-broker", into=self._group, port=MANAGEMENT_PORT, peer=peer, parent=self)
        reached: pulumi.Output[str] = self._group.id
        return reached

    def user(self, username: str) -> Secret:
        """Create the secret of a RabbitMQ user; `release` creates the user itself."""
        return self._build_login(username, f"{self._prefix}broker/{username}", username)

    def consume(self, user: Secret) -> list[Statement]:
        """Grant what Lambda does in a function's name to consume as `user`, beside making network interfaces."""
        return [
            *user.read(),
            Statement(actions=["mq:DescribeBroker"], resources=[self.arn]),
            Statement(actions=["ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"], resources=["*"]),
        ]

    def _build_login(self, name: str, secret_name: str, username: str) -> Secret:
        return Secret(f"broker-{name}", login(secret_name, username, self._key), pulumi.ResourceOptions(parent=self))

    def _build_broker(self, name: str, args: BrokerArgs, group: aws.ec2.SecurityGroup) -> aws.mq.Broker:
        is_single = args.deployment_mode == "SINGLE_INSTANCE"
        return aws.mq.Broker(
            name,
            broker_name=f"{args.prefix}orders",
            engine_type="RabbitMQ",
            engine_version=args.engine_version,
            host_instance_type=args.instance_type,
            deployment_mode=args.deployment_mode,
            users=[{"username": ADMINISTRATOR, "password": self.administrator.value}],
            publicly_accessible=False,
            subnet_ids=args.subnet_ids.apply(lambda ids: ids[:1] if is_single else ids),
            security_groups=[group.id],
            logs={"general": True},
            encryption_options=_with_key(args.key) if args.is_encrypted_with_key else None,
            maintenance_window_start_time=MAINTENANCE,
            # Amazon MQ demands it from 3.13 on.
            auto_minor_version_upgrade=True,
            # A change of users would replace the broker, messages and all: passwords are changed through its own API.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["users"], protect=args.is_protected),
        )


def _with_key(key: Key) -> dict[str, Any]:
    # Amazon MQ answered "encryptionOptions is not supported for RabbitMQ brokers" in 2022 and 2023.
    return {"use_aws_owned_key": False, "kms_key_id": key.arn}


def _amqp_endpoint(instances: Sequence[Any]) -> str:
    return str(instances[0].endpoints[0])
