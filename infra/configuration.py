"""The stack's configuration as one frozen object: read once, each value checked, the first bad one named with its key.

Defaults are what a deployed stack has; `Pulumi.local.yaml` is the one place where this machine differs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.kong_config import LambdaEndpoint

_PREFIX = re.compile(r"([a-z][a-z0-9]*-)?")
# A customer's limit where the stack does not name another one.
REQUESTS_PER_SECOND = 100
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
_CONSUMER = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class ConfigurationError(pulumi.RunError):
    """A value of the stack's configuration is missing or cannot be used; Pulumi prints the message alone."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One stack: what differs between local, dev and prod, and nothing that is the same everywhere."""

    prefix: str
    region: str
    availability_zones: int
    zone_cidr_mask: int
    nat_gateways: str
    private_endpoints: bool
    is_protected: bool
    database_version: str
    database_upgrade: bool
    database_instance_class: str
    database_multi_az: bool
    database_auth: str
    database_ssl_mode: str
    broker_version: str
    broker_instance_type: str
    broker_deployment_mode: str
    log_level: str
    log_retention_days: int
    retention_days: int
    alarm_email: str | None
    reserved_concurrency: Mapping[str, int] = field(default_factory=dict)
    snap_start: Sequence[str]
    kong_version: str
    gateway_tasks: int
    gateway_tasks_max: int
    consumers: Mapping[str, int]
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
        prefix=_matching(config, "prefix", _PREFIX, default=f"{pulumi.get_stack()}-"),
        region=_matching(pulumi.Config("aws"), "region", re.compile(r"[a-z]{2}(-[a-z]+)+-\d")),
        availability_zones=_integer(config, "availabilityZones", at_least=2, at_most=3),
        zone_cidr_mask=_zone_cidr_mask(config),
        nat_gateways=_choice(config, "natGateways", ("Single", "OnePerAz")),
        private_endpoints=_boolean(config, "privateEndpoints"),
        is_protected=_boolean(config, "isProtected"),
        database_version=_matching(config, "databaseVersion", re.compile(r"1[5-8]"), default="17"),
        database_upgrade=_boolean(config, "databaseUpgrade"),
        database_instance_class=_matching(config, "databaseInstanceClass", re.compile(r"db\.\w+\.\w+")),
        database_multi_az=_boolean(config, "databaseMultiAz"),
        database_auth=_choice(config, "databaseAuth", ("iam", "secret"), default="iam"),
        database_ssl_mode=_choice(config, "databaseSslMode", ("verify-full", "disable"), default="verify-full"),
        # Amazon MQ offers 4.x on m7g only.
        broker_version=_choice(config, "brokerVersion", ("4.2", "4.3"), default="4.2"),
        broker_instance_type=_matching(config, "brokerInstanceType", re.compile(r"mq\.m7g\.\w+")),
        broker_deployment_mode=_choice(config, "brokerDeploymentMode", ("SINGLE_INSTANCE", "CLUSTER_MULTI_AZ")),
        log_level=_choice(config, "logLevel", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
        log_retention_days=_retention_days(config),
        retention_days=_integer(config, "retentionDays", at_least=7, at_most=3_650, default=90),
        alarm_email=_optional(config, "alarmEmail", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
        snap_start=_snap_start(config),
        reserved_concurrency=_reserved_concurrency(config),
        kong_version=_matching(config, "kongVersion", re.compile(r"3\.\d+(\.\d+)?"), default="3.9.3"),
        gateway_tasks=_integer(config, "gatewayTasks", at_least=1, at_most=50, default=1),
        gateway_tasks_max=_tasks_max(config),
        consumers=_limits(config),
        tracing=_boolean(config, "tracing", default="true"),
        trace_sampling=float(_matching(config, "traceSampling", re.compile(r"0|1|0\.\d+|1\.0"), default="1")),
        otlp_endpoint=_optional(config, "otlpEndpoint", re.compile(r"http://[^/]+")),
        spans_endpoint=_optional(config, "spansEndpoint", re.compile(r"https?://[^/]+/.*")),
        collector_layer=_matching(config, "collectorLayer", re.compile(r"\d+_\d+_\d+"), default="0_22_0"),
        collector_image=_matching(config, "collectorImage", re.compile(r"v\d+\.\d+\.\d+"), default="v0.48.0"),
        certificate_arn=_certificate_arn(config),
        lambda_endpoint=_lambda_endpoint(config),
        operator_access=_operator_access(config),
    )


def _text(config: pulumi.Config, key: str, default: str | None = None) -> str:
    value = config.get(key, default)
    if value is None:
        set_it = f"pulumi config set --stack {pulumi.get_stack()} {config.name}:{key} …"
        raise ConfigurationError(f"{config.name}:{key} is missing: `{set_it}`")
    return value


def _refuse(config: pulumi.Config, key: str, value: object, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"{config.name}:{key} is {value!r}, it must be {wanted}")


def _matching(config: pulumi.Config, key: str, pattern: re.Pattern[str], default: str | None = None) -> str:
    value = _text(config, key, default)
    if not pattern.fullmatch(value):
        raise _refuse(config, key, value, f"like {pattern.pattern}")
    return value


def _choice(config: pulumi.Config, key: str, choices: Sequence[str], default: str | None = None) -> str:
    value = _text(config, key, default)
    if value not in choices:
        raise _refuse(config, key, value, f"one of {', '.join(choices)}")
    return value


def _integer(config: pulumi.Config, key: str, *, at_least: int, at_most: int, default: int | None = None) -> int:
    value = _text(config, key, None if default is None else str(default))
    if not value.isdecimal() or not at_least <= int(value) <= at_most:
        raise _refuse(config, key, value, f"a number from {at_least} to {at_most}")
    return int(value)


def _boolean(config: pulumi.Config, key: str, default: str = "false") -> bool:
    return _choice(config, key, ("true", "false"), default=default) == "true"


def _zone_cidr_mask(config: pulumi.Config) -> int:
    """Return a zone's part of the VPC: a quarter, or the half that stacks of two zones had before this was a key."""
    mask = _integer(config, "zoneCidrMask", at_least=17, at_most=18, default=18)
    if mask == 17 and _integer(config, "availabilityZones", at_least=2, at_most=3) == 3:
        raise _refuse(config, "zoneCidrMask", mask, "18 for three zones: a half each is room for two")
    return mask


def _reserved_concurrency(config: pulumi.Config) -> dict[str, int]:
    value: Any = config.get_object("reservedConcurrency", {})
    if (
        not isinstance(value, dict)
        or not all(type(count) is int and count >= 0 for count in value.values())
        or not value.keys() <= {*FUNCTIONS}
    ):
        raise _refuse(config, "reservedConcurrency", value, "a map of function names to numbers")
    return value


def _consumers(config: pulumi.Config) -> tuple[str, ...]:
    value: Any = config.get_object("consumers", [])
    names = [name for name in value if isinstance(name, str) and _CONSUMER.fullmatch(name)]
    if not isinstance(value, list) or names != value or len(set(names)) != len(names) or not names:
        raise _refuse(config, "consumers", value, f"a list of different names like {_CONSUMER.pattern}")
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
        raise _refuse(config, "requestsPerSecond", value, f"a map of consumers ({', '.join(consumers)}) to numbers")
    return {name: value.get(name, REQUESTS_PER_SECOND) for name in consumers}


def _optional(config: pulumi.Config, key: str, pattern: re.Pattern[str]) -> str | None:
    return None if config.get(key) is None else _matching(config, key, pattern)


def _retention_days(config: pulumi.Config) -> int:
    return int(_choice(config, "logRetentionDays", [str(days) for days in RETENTION_DAYS], default="30"))


def _tasks_max(config: pulumi.Config) -> int:
    tasks = _integer(config, "gatewayTasks", at_least=1, at_most=50, default=1)
    return _integer(config, "gatewayTasksMax", at_least=tasks, at_most=200, default=4 * tasks)


def _snap_start(config: pulumi.Config) -> tuple[str, ...]:
    value: Any = config.get_object("snapStart", [])
    if not isinstance(value, list) or not {*map(str, value)} <= {*FUNCTIONS}:
        raise _refuse(config, "snapStart", value, f"a list of functions ({', '.join(FUNCTIONS)})")
    return tuple(value)


def _certificate_arn(config: pulumi.Config) -> str | None:
    """API keys travel in a header, so a listener without TLS must be asked for by name."""
    if _boolean(config, "plainHttp"):
        if _boolean(config, "isProtected"):
            raise _refuse(config, "plainHttp", "true", "false where isProtected is true: keys would travel in clear")
        return None
    return _matching(config, "certificateArn", re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/.+"))


def _operator_access(config: pulumi.Config) -> tuple[str, ...]:
    """Return the IAM users that may take the way in; none leaves the way in out."""
    value: Any = config.get_object("operatorAccess", [])
    if not isinstance(value, list) or not all(isinstance(user, str) and _USER.fullmatch(user) for user in value):
        raise _refuse(config, "operatorAccess", value, f"a list of IAM users like {_USER.pattern}")
    if value and config.get("databaseAuth", "iam") != "iam":
        raise _refuse(config, "operatorAccess", value, "empty where databaseAuth is not iam")
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
        raise _refuse(config, "lambdaEndpoint", value, "a map of host, port, accessKey and secretKey") from None
