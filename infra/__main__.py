"""Deploys: Kong in front of the order functions, PostgreSQL, RabbitMQ, the mappings and the schedule between them.

The one description of the system: `pulumi up` deploys it, `make up` evaluates it and boots the same on this machine.
"""
# ruff: noqa: E402 (the path to the contracts comes before the imports)

import sys
from dataclasses import replace
from pathlib import Path

import pulumi

ROOT = Path(__file__).resolve().parent.parent
# The names of the AMQP topology stand in the contracts layer and are not repeated here.
sys.path.insert(0, str(ROOT / "layers" / "contracts" / "python"))

import deployable
import mappings
from components.alarms.watched import Watched
from components.backup_copy import BackupCopy, BackupCopyArgs
from components.broker import Broker, BrokerArgs
from components.database import BACKUP_DAYS, Database, DatabaseArgs
from components.execution_role import ExecutionRole
from components.flow_logs import FlowLogsArgs
from components.key import Key, KeyArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.network import Network, NetworkArgs
from components.people import READER, WRITER
from components.release import RELEASED, Release, ReleaseArgs, content_hash
from components.release import People as PeoplesLogins
from components.secret import Secret, SecretArgs
from configuration import FUNCTIONS, PROVIDERS, read_configuration
from customers import build_customers
from front import build_gateway
from functions import ARCHIVES, MANIFEST, Functions, build_layers
from on_call import build_way_in
from schedules import build_schedules
from traces import traces_of

# Whose schemas, exchanges, queues and logins are apart.
SIDES = ("orders", "invoices")

config = read_configuration()
deployable.check(config, ARCHIVES, MANIFEST)
traces = traces_of(config, pulumi.get_stack())

key = Key("key", KeyArgs(prefix=config.prefix, region=config.region, is_protected=config.is_protected))
roles = {name: ExecutionRole(name) for name in FUNCTIONS}
network = Network(
    "network",
    NetworkArgs(
        cidr_block=config.vpc_cidr,
        region=config.region,
        availability_zones=config.availability_zones,
        zone_cidr_mask=config.zone_cidr_mask,
        nat_gateways=config.nat_gateways,
        private_endpoints=config.private_endpoints,
        flow_logs=None
        if config.flow_logs == "NONE"
        else FlowLogsArgs(prefix=config.prefix, traffic=config.flow_logs, log_retention_days=config.log_retention_days),
    ),
    # Lambda takes its network interfaces away in the roles' names, so roles go last (components/execution_role.py).
    pulumi.ResourceOptions(depends_on=[*roles.values()]),
)

# Where the stack names no people, no login of theirs comes in.
peoples_logins = (READER, WRITER) if config.operator_access else ()
database = Database(
    "database",
    DatabaseArgs(
        prefix=config.prefix,
        database_name="orders",
        engine_version=config.database_version,
        may_upgrade=config.database_upgrade,
        port=config.database_port,
        instance_class=config.database_instance_class,
        storage_max_gb=config.database_storage_max,
        multi_az=config.database_multi_az,
        is_protected=config.is_protected,
        log_retention_days=config.log_retention_days,
        users=[*(name for name in FUNCTIONS if name != "release"), *peoples_logins],
        key=key,
        auth=config.database_auth,
        ssl_mode=config.database_ssl_mode,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        client_security_group_id=network.function_security_group_id,
    ),
)
logins = {name: database.login(name) for name in FUNCTIONS if name != "release"}
if config.backup_region is not None:
    BackupCopy(
        "backups",
        BackupCopyArgs(
            prefix=config.prefix,
            region=config.backup_region,
            database_arn=database.arn,
            days=BACKUP_DAYS if config.is_protected else 1,
            is_protected=config.is_protected,
        ),
    )

broker = Broker(
    "broker",
    BrokerArgs(
        prefix=config.prefix,
        engine_version=config.broker_version,
        instance_type=config.broker_instance_type,
        deployment_mode=config.broker_deployment_mode,
        is_protected=config.is_protected,
        is_encrypted_with_key=config.broker_encryption,
        key=key,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        client_security_group_id=network.function_security_group_id,
    ),
)
# Each side publishes to its own exchange, and its mappings read its own queues.
publishers = {side: broker.user(f"{side}_publisher") for side in SIDES}
mapping_users = {side: broker.user(f"{side}_mapping") for side in SIDES}
broker_users = {
    **{f"{side}_publisher": user for side, user in publishers.items()},
    **{f"{side}_mapping": user for side, user in mapping_users.items()},
}
# RabbitMQ's page for people on call; only where the stack names any.
page_logins = {READER: broker.user(READER)} if config.operator_access else {}

functions = Functions(
    config=config,
    roles=roles,
    logins={**logins, "release": database.administrator_login()},
    network=network,
    layers=build_layers(config.prefix),
    traces=traces,
)

release_function = functions.build(
    "release",
    layer_names=["migrations"],
    timeout_s=300,
    environment={
        "BROKER_MANAGEMENT_URL": broker.management_url,
        "BROKER_ADMIN_SECRET_ID": broker.administrator.arn,
    },
    statements=[
        statement
        for each in (broker.administrator, *broker_users.values(), *page_logins.values())
        for statement in each.read()
    ]
    + [statement for login in logins.values() if login.secret_arn is not None for statement in login.statements],
)

release = Release(
    "release",
    ReleaseArgs(
        function=release_function,
        database_roles={user: login.secret_arn for user, login in logins.items()},
        broker_users={name: user.arn for name, user in broker_users.items()},
        people=PeoplesLogins(
            database_roles=peoples_logins, broker_users={name: user.arn for name, user in page_logins.items()}
        ),
        content_hash=content_hash([ROOT / path for path in RELEASED]),
        database_id=database.resource_id,
        broker_arn=broker.arn,
    ),
    pulumi.ResourceOptions(depends_on=[database, broker]),
)

# The alias of every other function moves when the release succeeded: new code never meets an old schema.
functions = replace(functions, live_after=[release])
# What a function has that publishes a side's events.
publishing = {
    side: {"BROKER_ENDPOINT": broker.endpoint, "BROKER_SECRET_ID": user.arn} for side, user in publishers.items()
}
# Connecting, publishing and confirming together right after a commit; then the relay takes over.
AT_ONCE = {"PUBLISH_TIMEOUT_MS": "500"}
IDEMPOTENCY = {"IDEMPOTENCY_TTL_HOURS": "24"}

create_order, cancel_order = (
    functions.build(
        name,
        timeout_s=10,
        environment={**publishing["orders"], **AT_ONCE, **IDEMPOTENCY},
        statements=publishers["orders"].read(),
    )
    for name in ("create_order", "cancel_order")
)
get_order = functions.build(
    "get_order",
    timeout_s=10,
    # For `GET /health`: whether the broker answers, no login.
    environment={"BROKER_ENDPOINT": broker.endpoint},
)
# What payment providers sign with. One that the provider makes is put in by hand (docs/operations.md).
webhook_secrets = {
    provider: Secret(
        f"webhooks-{provider}",
        SecretArgs(name=f"{config.prefix}payments/webhooks/{provider}", key=key, generated_field="current"),
    )
    for provider in PROVIDERS
}
record_payment = functions.build(
    "record_payment",
    timeout_s=10,
    environment={
        **publishing["invoices"],
        **AT_ONCE,
        **{f"WEBHOOK_SECRET_ID_{provider.upper()}": secret.arn for provider, secret in webhook_secrets.items()},
    },
    statements=[statement for each in (publishers["invoices"], *webhook_secrets.values()) for statement in each.read()],
)
invoice_consumer = functions.build(
    "invoice_consumer",
    memory_mb=1024,
    timeout_s=120,
    environment={"INVOICE_DUE_DAYS": "30"},
    statements=broker.consume(mapping_users["invoices"]),
    aliases=config.consumer_environments,
)
order_updater = functions.build(
    "order_updater",
    memory_mb=1024,
    timeout_s=120,
    environment={},
    statements=broker.consume(mapping_users["orders"]),
    aliases=config.consumer_environments,
)
relays = {
    side: functions.build(
        name,
        timeout_s=50,
        environment={**publishing[side], "OUTBOX_SCHEMA": side},
        statements=publishers[side].read(),
    )
    for side, name in (("orders", "outbox_relay"), ("invoices", "invoices_relay"))
}
customers = build_customers(config, key)
# Only a right of IAM lets a caller invoke it: the gateway has no route to it.
operations = functions.build(
    "operations", timeout_s=100, environment=customers.environment, statements=customers.statements
)
adoption = customers.adopt(operations, database_id=database.resource_id, after=[release])

consumers = {
    "orders": mappings.Consumer(function=order_updater, user=mapping_users["orders"]),
    "invoices": mappings.Consumer(function=invoice_consumer, user=mapping_users["invoices"]),
}
# One execution environment per mapping is all that Amazon MQ gives: throughput is the size of a batch,
# and the mappings of a queue (`consumerEnvironments`).
mappings.build_mappings(broker, consumers, batch_size=10_000, depends_on=[release])
build_schedules(
    config,
    relays=[("outbox-relay", relays["orders"]), ("invoices-relay", relays["invoices"])],
    operations=operations,
)

behind_gateway = [create_order, cancel_order, get_order, record_payment]
gateway = build_gateway(
    config,
    functions=behind_gateway,
    customers=customers,
    adoption=adoption,
    network=network,
    key=key,
    traces=traces,
)

everything = (*behind_gateway, invoice_consumer, order_updater, *relays.values(), operations, release_function)
monitoring = Monitoring(
    "monitoring",
    MonitoringArgs(
        prefix=config.prefix,
        region=config.region,
        email=config.alarm_email,
        functions=[function.name for function in everything],
        log_groups=[function.log_group for function in everything],
        has_spans=traces.reach_xray,
        watched=Watched(
            producer=create_order.name,
            canceler=cancel_order.name,
            reader=get_order.name,
            recorder=record_payment.name,
            relays={side: relay.name for side, relay in relays.items()},
            consumers={side: consumer.function.name for side, consumer in consumers.items()},
            operations=operations.name,
            configurator=gateway.configurator,
            balancer=gateway.balancer,
            target_group=gateway.target_group,
            broker=broker.name,
            database=database.identifier,
            database_proxy=database.proxy_name,
            has_insights=config.is_protected,
            has_credits=config.database_instance_class.startswith("db.t"),
        ),
    ),
)

if config.operator_access:
    people = build_way_in(
        config,
        key=key,
        network=network,
        database=database,
        broker=broker,
        page_login=page_logins[READER],
        operations=operations,
    )
    pulumi.export("access", people.commands)

pulumi.export("url", gateway.url)
pulumi.export("keys", {consumer: secret.arn for consumer, secret in customers.keys.items()})
pulumi.export("functions", [function.name for function in everything])
pulumi.export("webhooks", {provider: secret.arn for provider, secret in webhook_secrets.items()})
pulumi.export("operations", operations.alias_arn)
pulumi.export("dashboard", monitoring.dashboard_url)
pulumi.export("alarms", monitoring.topic_arn)
pulumi.export("database", database.endpoint)
pulumi.export("broker", broker.arn)
