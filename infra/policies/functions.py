"""Functions as the code needs them: their variables, their layers, their logs, what is behind the alias."""

import importlib
import json
from collections.abc import Iterator

from contracts.settings import required_variables, variables
from policies.model import Resource, Stack, policy
from release.topology import PERMISSIONS

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
LAYER = "aws:lambda/layerVersion:LayerVersion"
SCHEDULE = "aws:scheduler/schedule:Schedule"
EVENT_INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
RELEASE = "aws:lambda/invocation:Invocation"

LAYERS_MAX = 5
# The OpenTelemetry project's layer; policies/traces.py looks at it.
COLLECTOR = ":184161586896:layer:opentelemetry-collector-"
# 4 KB for all variables: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENVIRONMENT_BYTES_MAX = 4096
SNAP_START_INCOMPATIBLE_MB = 512
EVENT_AGE_MAX_S = 60
# Packages that more than one function runs.
RUN_AS = {"outbox_relay": ("outbox_relay", "invoices_relay")}
# The collector extension reads these, not the functions' code.
READ_BY_EXTENSIONS = frozenset({"OPENTELEMETRY_COLLECTOR_CONFIG_URI"})
# Lambda sets these itself or reserves them.
RESERVED_PREFIXES = ("AWS_", "_", "LAMBDA_")


@policy(FUNCTION)
def variables_are_the_settings(resource: Resource, stack: Stack) -> Iterator[str]:
    """A function is given exactly the variables that its settings read, and none that Lambda reserves."""
    given = variables_of(resource)
    settings = importlib.import_module(f"{_package(resource)}.settings").Settings
    if missing := required_variables(settings) - given.keys():
        yield f"variables are missing: {', '.join(sorted(missing))}"
    if unread := given.keys() - variables(settings) - READ_BY_EXTENSIONS:
        yield f"variables that the function does not read: {', '.join(sorted(unread))}"
    if reserved := [name for name in given if name.startswith(RESERVED_PREFIXES)]:
        yield f"variables that Lambda reserves: {', '.join(sorted(reserved))}"


@policy(FUNCTION)
def functions_know_who_they_log_in_to(resource: Resource, stack: Stack) -> Iterator[str]:
    """Towards proxy and instance a function verifies the certificate and its name against authorities of its own."""
    given = variables_of(resource)
    if given.get("DATABASE_SSLMODE") != "verify-full":
        yield f"DATABASE_SSLMODE is {given.get('DATABASE_SSLMODE')}, it must be verify-full"
    if not given.get("DATABASE_SSLROOTCERT"):
        yield "DATABASE_SSLROOTCERT is missing"


@policy(FUNCTION)
def variables_fit(resource: Resource, stack: Stack) -> Iterator[str]:
    """All variables of a function together fit into what Lambda takes."""
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables_of(resource).items())
    if size > ENVIRONMENT_BYTES_MAX:
        yield f"its variables take {size} bytes, Lambda takes {ENVIRONMENT_BYTES_MAX}"


@policy(FUNCTION)
def names_are_the_packages(resource: Resource, stack: Stack) -> Iterator[str]:
    """A function is called as its package or as one that runs it, after the prefix, and runs that package's handler."""
    package = _package(resource)
    if not str(resource.properties.get("name")).endswith(RUN_AS.get(package, (package,))):
        yield f"it is called {resource.properties.get('name')} and runs {package}"
    if resource.properties["handler"] != f"{package}.handler.lambda_handler":
        yield f"its handler is {resource.properties['handler']}"


@policy(FUNCTION)
def layers_fit(resource: Resource, stack: Stack) -> Iterator[str]:
    """A function has at most five layers: the program's, built for its runtime and processor, and the collector."""
    arns = list(resource.properties.get("layers") or ())
    if len(arns) > LAYERS_MAX:
        yield f"it has {len(arns)} layers, Lambda takes {LAYERS_MAX}"
    layers = {layer.properties["arn"]: layer.properties for layer in stack.of_type(LAYER)}
    for arn in arns:
        layer = layers.get(arn)
        if COLLECTOR in arn:
            continue
        if layer is None:
            yield f"{arn} is no layer of the program"
        elif resource.properties["runtime"] not in layer["compatibleRuntimes"]:
            yield f"{arn} is built for {', '.join(layer['compatibleRuntimes'])}"
        elif list(resource.properties["architectures"]) != list(layer["compatibleArchitectures"]):
            yield f"{arn} is built for {', '.join(layer['compatibleArchitectures'])}"


@policy(FUNCTION)
def logs_are_json_in_a_group_of_the_program(resource: Resource, stack: Stack) -> Iterator[str]:
    """A function logs JSON into a log group of the program: one that Lambda makes is kept for ever."""
    logging = resource.properties.get("loggingConfig") or {}
    if logging.get("logFormat") != "JSON":
        yield "loggingConfig.logFormat must be JSON"
    groups = {group.properties.get("name") for group in stack.of_type("aws:cloudwatch/logGroup:LogGroup")}
    if logging.get("logGroup") not in groups:
        yield f"loggingConfig.logGroup {logging.get('logGroup')} is no log group of the program"


@policy(FUNCTION)
def functions_are_versioned_in_the_vpc(resource: Resource, stack: Stack) -> Iterator[str]:
    """Each change publishes a version, and each function runs in the VPC, where database and broker are."""
    if not resource.properties.get("publish"):
        yield "publish must be true"
    if not (resource.properties.get("vpcConfig") or {}).get("subnetIds"):
        yield "vpcConfig must name subnets"


@policy(FUNCTION)
def snap_start_is_possible(resource: Resource, stack: Stack) -> Iterator[str]:
    """SnapStart goes with published versions and the usual /tmp, and not with the extension that caches secrets."""
    given = resource.properties
    if (given.get("snapStart") or {}).get("applyOn") != "PublishedVersions":
        return
    if not given.get("publish"):
        yield "SnapStart needs published versions"
    if ((given.get("ephemeralStorage") or {}).get("size") or 0) > SNAP_START_INCOMPATIBLE_MB:
        yield f"SnapStart does not go with more than {SNAP_START_INCOMPATIBLE_MB} MB of /tmp"
    if given.get("fileSystemConfig"):
        yield "SnapStart does not go with a file system"
    if any("AWS-Parameters-and-Secrets-Lambda-Extension" in arn for arn in given.get("layers") or ()):
        yield "with SnapStart the secrets extension refuses its token"


@policy(FUNCTION)
def concurrency_is_reserved_in_production_only(resource: Resource, stack: Stack) -> Iterator[str]:
    """Outside production no function takes a share of the account's concurrency, but for the relay, which runs once.

    An account whose quota is too small for any reservation (accountConcurrency) has none, the relay's included.
    """
    reserved = resource.properties.get("reservedConcurrentExecutions")
    if _package(resource) == "outbox_relay":
        if reserved != 1 and (reserved is not None or _reserves(stack)):
            yield f"reservedConcurrentExecutions is {reserved}, two relays at once are one too many"
    elif not stack.is_production and reserved not in (None, -1):
        yield f"reservedConcurrentExecutions is {reserved} outside production"


@policy(SCHEDULE)
def schedules_pile_nothing_up(resource: Resource, stack: Stack) -> Iterator[str]:
    """A scheduled run is neither retried nor kept: Lambda's defaults are two retries and six hours in its queue."""
    target = resource.properties["target"]
    retries = target.get("retryPolicy") or {}
    attempts, age_s = retries.get("maximumRetryAttempts"), retries.get("maximumEventAgeInSeconds")
    if attempts != 0 or age_s != EVENT_AGE_MAX_S:
        yield f"its retry policy has {attempts} attempts and {age_s} s, it must have 0 and {EVENT_AGE_MAX_S}"
    aliases = [alias.properties for alias in stack.of_type(ALIAS) if alias.properties["arn"] == target["arn"]]
    named = {(alias["functionName"], alias["name"]) for alias in aliases}
    configs = [
        config.properties
        for config in stack.of_type(EVENT_INVOKE_CONFIG)
        if (config.properties["functionName"], config.properties.get("qualifier")) in named
    ]
    if not configs:
        yield f"{target['arn']} has no event invoke config"
    for config in configs:
        if config.get("maximumRetryAttempts") != 0 or config.get("maximumEventAgeInSeconds") != EVENT_AGE_MAX_S:
            yield f"{target['arn']} is retried, or kept for more than {EVENT_AGE_MAX_S} s"


@policy(RELEASE)
def releases_name_the_brokers_users(resource: Resource, stack: Stack) -> Iterator[str]:
    """The users that a release makes are those that its permissions are written for."""
    if not str(resource.properties["functionName"]).endswith("release"):
        return
    users = json.loads(resource.properties["input"])["broker_users"].keys()
    if users != PERMISSIONS.keys():
        yield f"users {', '.join(sorted(users))}; permissions are written for {', '.join(sorted(PERMISSIONS))}"


def _reserves(stack: Stack) -> bool:
    counts = (each.properties.get("reservedConcurrentExecutions") for each in stack.of_type(FUNCTION))
    return any(count not in (None, -1) for count in counts)


def _package(resource: Resource) -> str:
    return str(resource.properties["handler"]).split(".")[0]


def variables_of(resource: Resource) -> dict[str, str]:
    """Return a function's variables."""
    return {name: str(value) for name, value in (resource.properties.get("environment") or {})["variables"].items()}
