"""Deploys: Kong in front of the order functions, PostgreSQL, RabbitMQ, the mappings and the schedule between them.

The one description of the system: `pulumi up` deploys it, `make up` evaluates it and boots the same on this machine.
"""
# ruff: noqa: E402 (the path to the contracts comes before the imports)

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import yaml

ROOT = Path(__file__).resolve().parent.parent
# The names of the AMQP topology stand in the contracts layer and are not repeated here.
sys.path.insert(0, str(ROOT / "layers" / "contracts" / "python"))

from components import function as lambda_function
from components.broker import Broker, BrokerArgs
from components.database import Database, DatabaseArgs, DatabaseLogin
from components.event_source_mapping import EventSourceMapping, EventSourceMappingArgs
from components.function import Function, FunctionArgs
from components.gateway import Gateway, GatewayArgs
from components.kong_config import Consumer, fill_in
from components.layers import Layers, LayersArgs
from components.network import Network, NetworkArgs
from components.policy import Statement
from components.release import Release, ReleaseArgs, content_hash
from components.schedule import Schedule, ScheduleArgs
from components.secret import Secret, SecretArgs
from configuration import read_configuration
from contracts import topology

config = read_configuration()

network = Network(
    "network",
    NetworkArgs(
        cidr_block="10.0.0.0/16",
        availability_zones=config.availability_zones,
        nat_gateways=config.nat_gateways,
    ),
)

database = Database(
    "database",
    DatabaseArgs(
        prefix=config.prefix,
        database_name="orders",
        engine_version=config.database_version,
        instance_class=config.database_instance_class,
        multi_az=config.database_multi_az,
        is_protected=config.is_protected,
        auth=config.database_auth,
        ssl_mode=config.database_ssl_mode,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        client_security_group_id=network.function_security_group_id,
    ),
)
logins = {user: database.login(user) for user in ("create_order", "get_order", "invoice_consumer", "outbox_relay")}

broker = Broker(
    "broker",
    BrokerArgs(
        prefix=config.prefix,
        engine_version=config.broker_version,
        instance_type=config.broker_instance_type,
        deployment_mode=config.broker_deployment_mode,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        client_security_group_id=network.function_security_group_id,
    ),
)
publisher = broker.user("orders_publisher")
mapping_user = broker.user("invoices_mapping")

layers = Layers(
    "layers",
    LayersArgs(
        prefix=config.prefix,
        folder="../dist/layers",
        names=["dependencies", "contracts", "postgres", "rabbitmq", "aws_api", "migrations"],
        runtime=lambda_function.RUNTIME,
        architecture=lambda_function.ARCHITECTURE,
    ),
)


def build_function(
    name: str,
    *,
    login: DatabaseLogin,
    layer_names: Sequence[str],
    timeout_s: int,
    environment: Mapping[str, pulumi.Input[str]],
    memory_mb: int = 512,
    statements: Sequence[Statement] = (),
    reserved_concurrency: int | None = None,
) -> Function:
    """Create the function whose package is `functions/<name>`, with what all of them have in common."""
    return Function(
        name,
        FunctionArgs(
            prefix=config.prefix,
            package=name,
            code=f"../dist/functions/{name}.zip",
            layers=layers.arns("dependencies", "contracts", "postgres", *layer_names),
            memory_mb=memory_mb,
            timeout_s=timeout_s,
            environment={**login.environment, "LOG_LEVEL": config.log_level, **environment},
            statements=[*login.statements, *statements],
            subnet_ids=network.private_subnet_ids,
            security_group_id=network.function_security_group_id,
            reserved_concurrency=config.reserved_concurrency.get(name, reserved_concurrency),
        ),
    )


create_order = build_function(
    "create_order",
    login=logins["create_order"],
    layer_names=["rabbitmq", "aws_api"],
    timeout_s=10,
    environment={
        "BROKER_ENDPOINT": broker.endpoint,
        "BROKER_SECRET_ID": publisher.arn,
        # Connecting, publishing and confirming together; then the relay takes over.
        "PUBLISH_TIMEOUT_MS": "500",
        "IDEMPOTENCY_TTL_HOURS": "24",
    },
    statements=[publisher.read()],
)
get_order = build_function(
    "get_order",
    login=logins["get_order"],
    layer_names=["aws_api"],
    timeout_s=10,
    # For `GET /health`: whether the broker answers, no login.
    environment={"BROKER_ENDPOINT": broker.endpoint},
)
invoice_consumer = build_function(
    "invoice_consumer",
    login=logins["invoice_consumer"],
    layer_names=["aws_api"],
    memory_mb=1024,
    timeout_s=120,
    environment={"INVOICE_DUE_DAYS": "30"},
    statements=broker.consume(mapping_user),
)
outbox_relay = build_function(
    "outbox_relay",
    login=logins["outbox_relay"],
    layer_names=["rabbitmq", "aws_api"],
    timeout_s=50,
    environment={"BROKER_ENDPOINT": broker.endpoint, "BROKER_SECRET_ID": publisher.arn},
    statements=[publisher.read()],
    reserved_concurrency=1,
)
release_function = build_function(
    "release",
    login=database.administrator_login(),
    layer_names=["aws_api", "migrations"],
    timeout_s=300,
    environment={
        "BROKER_MANAGEMENT_URL": broker.management_url,
        "BROKER_ADMIN_SECRET_ID": broker.administrator.arn,
    },
    statements=[broker.administrator.read(), publisher.read(), mapping_user.read()]
    + [statement for login in logins.values() if login.secret_arn is not None for statement in login.statements],
)

release = Release(
    "release",
    ReleaseArgs(
        function=release_function,
        database_roles={user: login.secret_arn for user, login in logins.items()},
        broker_users={"orders_publisher": publisher.arn, "invoices_mapping": mapping_user.arn},
        content_hash=content_hash(
            [
                ROOT / "migrations",
                ROOT / "functions" / "release",
                ROOT / "layers" / "contracts" / "python" / "contracts" / "topology.py",
            ]
        ),
    ),
    pulumi.ResourceOptions(depends_on=[database, broker]),
)

# One execution environment per mapping is all that Amazon MQ gives: throughput is the size of a batch.
for mapping_name, queue, batch_size in (
    ("order-created", topology.ORDER_CREATED_QUEUE, 10_000),
    ("dead-letters", topology.DEAD_LETTER_QUEUE, 1),
):
    EventSourceMapping(
        mapping_name,
        EventSourceMappingArgs(
            broker_arn=broker.arn,
            function_alias_arn=invoice_consumer.alias_arn,
            queue=queue,
            virtual_host=topology.VIRTUAL_HOST,
            user_secret_arn=mapping_user.arn,
            batch_size=batch_size,
        ),
        # The queue and its user must exist, and the function's rights outlive the mapping when all is destroyed.
        pulumi.ResourceOptions(depends_on=[release, invoice_consumer]),
    )

Schedule(
    "outbox-relay",
    ScheduleArgs(prefix=config.prefix, expression="rate(1 minute)", function=outbox_relay),
    pulumi.ResourceOptions(depends_on=[release]),
)

keys = {
    consumer: Secret(
        f"gateway-{consumer}", SecretArgs(name=f"{config.prefix}gateway/{consumer}", generated_field="key")
    )
    for consumer in config.consumers
}
gateway = Gateway(
    "gateway",
    GatewayArgs(
        prefix=config.prefix,
        kong_version=config.kong_version,
        declarative_config=fill_in(
            yaml.safe_load((ROOT / "kong" / "kong.yml").read_text()),
            functions={"create_order": create_order.name, "get_order": get_order.name},
            qualifier=lambda_function.LIVE,
            region=config.region,
            consumers=[Consumer(username=name, custom_id=name, key=secret.value) for name, secret in keys.items()],
            endpoint=config.lambda_endpoint,
        ),
        functions=[create_order, get_order],
        region=config.region,
        tasks=config.gateway_tasks,
        certificate_arn=config.certificate_arn,
        vpc_id=network.vpc_id,
        public_subnet_ids=network.public_subnet_ids,
        private_subnet_ids=network.private_subnet_ids,
    ),
    pulumi.ResourceOptions(depends_on=[release]),
)

pulumi.export("url", gateway.url)
pulumi.export("keys", {consumer: secret.arn for consumer, secret in keys.items()})
functions = (create_order, get_order, invoice_consumer, outbox_relay, release_function)
pulumi.export("functions", [function.name for function in functions])
