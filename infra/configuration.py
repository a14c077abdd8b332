"""The stack's configuration as one frozen object: read once, each value checked, the first bad one named with its key.

Defaults are what a deployed stack has; `Pulumi.local.yaml` and `Pulumi.laptop.yaml` say where this machine differs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

import pulumi

from components.database import PORT
from components.kong_config import LambdaEndpoint
from concurrency import read_reserved
from contracts import customers
from values import ConfigurationError, boolean, choice, integer, matching, optional, refuse, text

__all__ = ["Configuration", "ConfigurationError", "read_configuration"]

_PREFIX = re.compile(r"([a-z][a-z0-9]*-)?")
# By the package below `functions/` that each runs: a relay for each side's outbox.
PACKAGES = {
    "create_order": "create_order",
    "cancel_order": "cancel_order",
    "get_order": "get_order",
    "record_payment": "record_payment",
    "invoice_consumer": "invoice_consumer",
    "order_updater": "order_updater",
    "outbox_relay": "outbox_relay",
    "invoices_relay": "outbox_relay",
    "operations": "operations",
    "release": "release",
}
FUNCTIONS = tuple(PACKAGES)
# Who sends webhooks about payments, by the name in the path; `record_payment` knows the form of each.
PROVIDERS = ("default", "stripe")
# What CloudWatch Logs takes, up to a year and a month.
RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400)
# Users and no roles: a session that came by a role says nothing of a second factor.
_USER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:user/[\w+=,.@/-]+")
# RFC 1918.
_PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One stack: what differs between local, dev and prod, and nothing that is the same everywhere."""

    prefix: str
    region: str
    vpc_cidr: str
    availability_zones: int
    zone_cidr_mask: int
    nat_gateways: str
    private_endpoints: bool
    flow_logs: str
    is_protected: bool
    database_version: str
    database_upgrade: bool
    database_port: int
    database_instance_class: str
    database_storage_max: int
    database_multi_az: bool
    database_auth: str
    database_ssl_mode: str
    backup_region: str | None
    broker_version: str
    broker_instance_type: str
    broker_deployment_mode: str
    broker_encryption: bool
    log_level: str
    log_retention_days: int
    retention_days: int
    alarm_email: str | None
    reserved_concurrency: Mapping[str, int] = field(default_factory=dict)
    snap_start: Sequence[str]
    kong_version: str
    gateway_tasks: int
    gateway_tasks_max: int
    access_logs: bool
    waf: bool
    consumers: Mapping[str, int]
    consumer_environments: int
    address_requests_per_second: int
    tracing: bool
    trace_sampling: float
    otlp_endpoint: str | None
    spans_endpoint: str | None
    collector_layer: str
    collector_image: str
    certificate_arn: str | None
    lambda_endpoint: LambdaEndpoint | None
    operator_access: Sequence[str] = ()


def read_configuration() -> Configuration:
    """Read the selected stack's configuration. Raises ConfigurationError."""
    config = pulumi.Config()
    return Configuration(
        prefix=matching(config, "prefix", _PREFIX, default=f"{pulumi.get_stack()}-"),
        region=matching(pulumi.Config("aws"), "region", _REGION),
        vpc_cidr=_vpc_cidr(config),
        availability_zones=integer(config, "availabilityZones", at_least=2, at_most=3),
        zone_cidr_mask=_zone_cidr_mask(config),
        nat_gateways=choice(config, "natGateways", ("Single", "OnePerAz")),
        private_endpoints=boolean(config, "privateEndpoints"),
        flow_logs=choice(config, "flowLogs", ("NONE", "REJECT", "ALL"), default="NONE"),
        is_protected=boolean(config, "isProtected"),
        database_version=matching(config, "databaseVersion", re.compile(r"1[5-8]"), default="17"),
        database_upgrade=boolean(config, "databaseUpgrade"),
        database_port=_database_port(config),
        database_instance_class=matching(config, "databaseInstanceClass", re.compile(r"db\.\w+\.\w+")),
        # RDS wants it a tenth above what is allocated, which is 20 GB.
        database_storage_max=integer(config, "databaseStorageMax", at_least=22, at_most=65_536, default=200),
        database_multi_az=boolean(config, "databaseMultiAz"),
        database_auth=choice(config, "databaseAuth", ("iam", "secret"), default="iam"),
        database_ssl_mode=choice(config, "databaseSslMode", ("verify-full", "disable"), default="verify-full"),
        backup_region=_backup_region(config),
        # Amazon MQ offers 4.x on m7g only.
        broker_version=choice(config, "brokerVersion", ("4.2", "4.3"), default="4.2"),
        broker_instance_type=matching(config, "brokerInstanceType", re.compile(r"mq\.m7g\.\w+")),
        broker_deployment_mode=choice(config, "brokerDeploymentMode", ("SINGLE_INSTANCE", "CLUSTER_MULTI_AZ")),
        # Off until an account has shown that Amazon MQ takes it (docs/deploy.md).
        broker_encryption=boolean(config, "brokerEncryption"),
        log_level=choice(config, "logLevel", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
        log_retention_days=_retention_days(config),
        retention_days=integer(config, "retentionDays", at_least=7, at_most=3_650, default=90),
        alarm_email=optional(config, "alarmEmail", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
        snap_start=_snap_start(config),
        reserved_concurrency=read_reserved(config, frozenset(FUNCTIONS)),
        kong_version=matching(config, "kongVersion", re.compile(r"3\.\d+(\.\d+)?"), default="3.9.3"),
        gateway_tasks=integer(config, "gatewayTasks", at_least=1, at_most=50, default=1),
        gateway_tasks_max=_tasks_max(config),
        access_logs=boolean(config, "accessLogs"),
        waf=boolean(config, "waf"),
        consumers=_limits(config),
        consumer_environments=integer(config, "consumerEnvironments", at_least=1, at_most=3, default=1),
        address_requests_per_second=_address_limit(config),
        tracing=boolean(config, "tracing", default="true"),
        trace_sampling=float(matching(config, "traceSampling", re.compile(r"0|1|0\.\d+|1\.0"), default="1")),
        otlp_endpoint=optional(config, "otlpEndpoint", re.compile(r"http://[^/]+")),
        spans_endpoint=optional(config, "spansEndpoint", re.compile(r"https?://[^/]+/.*")),
        collector_layer=matching(config, "collectorLayer", re.compile(r"\d+_\d+_\d+"), default="0_22_0"),
        collector_image=matching(config, "collectorImage", re.compile(r"v\d+\.\d+\.\d+"), default="v0.48.0"),
        certificate_arn=_certificate_arn(config),
        lambda_endpoint=_lambda_endpoint(config),
        operator_access=_operator_access(config),
    )


def _vpc_cidr(config: pulumi.Config) -> str:
    """Return a /16 of private addresses: zones have halves or quarters of it, and Kong trusts whoever is in it."""
    value = text(config, "vpcCidr", "10.0.0.0/16")
    try:
        block = IPv4Network(value)
    except ValueError:
        raise refuse(config, "vpcCidr", value, "a block of addresses like 10.1.0.0/16") from None
    if block.prefixlen != 16 or not any(block.subnet_of(private) for private in _PRIVATE):
        raise refuse(config, "vpcCidr", value, f"a /16 in one of {', '.join(map(str, _PRIVATE))}")
    return str(block)


def _database_port(config: pulumi.Config) -> int:
    """Return the instance's port. RDS Proxy listens on 5432 whatever that is, so it differs on this machine alone."""
    port = integer(config, "databasePort", at_least=1150, at_most=65_535, default=PORT)
    if port != PORT and config.get("databaseSslMode") != "disable":
        raise refuse(config, "databasePort", port, f"{PORT}, the port of RDS Proxy")
    return port


def _backup_region(config: pulumi.Config) -> str | None:
    """Return where the database's backups are copied to, another region than the stack's."""
    value = optional(config, "backupRegion", _REGION)
    if value is not None and value == pulumi.Config("aws").get("region"):
        raise refuse(config, "backupRegion", value, "another region than aws:region")
    return value


def _zone_cidr_mask(config: pulumi.Config) -> int:
    """Return a zone's part of the VPC: a quarter, or the half that stacks of two zones had before this was a key."""
    mask = integer(config, "zoneCidrMask", at_least=17, at_most=18, default=18)
    if mask == 17 and integer(config, "availabilityZones", at_least=2, at_most=3) == 3:
        raise refuse(config, "zoneCidrMask", mask, "18 for three zones: a half each is room for two")
    return mask


def _consumers(config: pulumi.Config) -> tuple[str, ...]:
    value: Any = config.get_object("consumers", [])
    names = [name for name in value if isinstance(name, str) and customers.NAME.fullmatch(name)]
    if not isinstance(value, list) or names != value or len(set(names)) != len(names) or not names:
        raise refuse(config, "consumers", value, f"a list of different names like {customers.NAME.pattern}")
    return tuple(names)


def _limits(config: pulumi.Config) -> dict[str, int]:
    """Return how many requests a second each consumer may make."""
    consumers = _consumers(config)
    value: Any = config.get_object("requestsPerSecond", {})
    if (
        not isinstance(value, dict)
        or not all(type(limit) is int and limit > 0 for limit in value.values())
        or not value.keys() <= {*consumers}
    ):
        raise refuse(config, "requestsPerSecond", value, f"a map of consumers ({', '.join(consumers)}) to numbers")
    return {name: value.get(name, customers.REQUESTS_PER_SECOND) for name in consumers}


def _address_limit(config: pulumi.Config) -> int:
    """Return what one address may send a second: two of the stack's customers at their limits may share one."""
    largest = max(_limits(config).values())
    return integer(config, "addressRequestsPerSecond", at_least=largest, at_most=1_000_000, default=2 * largest)


def _retention_days(config: pulumi.Config) -> int:
    return int(choice(config, "logRetentionDays", [str(days) for days in RETENTION_DAYS], default="30"))


def _tasks_max(config: pulumi.Config) -> int:
    tasks = integer(config, "gatewayTasks", at_least=1, at_most=50, default=1)
    return integer(config, "gatewayTasksMax", at_least=tasks, at_most=200, default=4 * tasks)


def _snap_start(config: pulumi.Config) -> tuple[str, ...]:
    value: Any = config.get_object("snapStart", [])
    if not isinstance(value, list) or not {*map(str, value)} <= {*FUNCTIONS}:
        raise refuse(config, "snapStart", value, f"a list of functions ({', '.join(FUNCTIONS)})")
    return tuple(value)


def _certificate_arn(config: pulumi.Config) -> str | None:
    """API keys travel in a header, so a listener without TLS must be asked for by name."""
    if boolean(config, "plainHttp"):
        if boolean(config, "isProtected"):
            raise refuse(config, "plainHttp", "true", "false where isProtected is true: keys would travel in clear")
        return None
    return matching(config, "certificateArn", re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/.+"))


def _operator_access(config: pulumi.Config) -> tuple[str, ...]:
    """Return the IAM users that may take the way in; none leaves the way in out."""
    value: Any = config.get_object("operatorAccess", [])
    if not isinstance(value, list) or not all(isinstance(user, str) and _USER.fullmatch(user) for user in value):
        raise refuse(config, "operatorAccess", value, f"a list of IAM users like {_USER.pattern}")
    if value and config.get("databaseAuth", "iam") != "iam":
        raise refuse(config, "operatorAccess", value, "empty where databaseAuth is not iam")
    return tuple(value)


def _lambda_endpoint(config: pulumi.Config) -> LambdaEndpoint | None:
    value: Any = config.get_object("lambdaEndpoint")
    if value is None:
        return None
    try:
        return LambdaEndpoint(
            host=str(value["host"]),
            port=int(value["port"]),
            access_key=str(value["accessKey"]),
            secret_key=str(value["secretKey"]),
        )
    except (KeyError, TypeError, ValueError):
        raise refuse(config, "lambdaEndpoint", value, "a map of host, port, accessKey and secretKey") from None
