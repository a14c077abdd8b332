"""Amazon MQ and its event source mappings: what they ignore, what they refuse, what the contracts call things.

https://docs.aws.amazon.com/lambda/latest/dg/services-mq-params.html
"""

import re
from collections.abc import Iterator

from contracts import topology
from policies.model import Resource, Stack, policy

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
ALIAS = "aws:lambda/alias:Alias"
FUNCTION = "aws:lambda/function:Function"
BROKER = "aws:mq/broker:Broker"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a type)
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

# Arguments for other event sources: a mapping of Amazon MQ refuses or ignores them.
FOREIGN = (
    "amazonManagedKafkaEventSourceConfig",
    "bisectBatchOnFunctionError",
    "destinationConfig",
    "documentDbEventSourceConfig",
    "functionResponseTypes",
    "maximumRecordAgeInSeconds",
    "maximumRetryAttempts",
    "metricsConfig",
    "parallelizationFactor",
    "provisionedPollerConfig",
    "scalingConfig",
    "selfManagedEventSource",
    "selfManagedKafkaEventSourceConfig",
    "startingPosition",
    "startingPositionTimestamp",
    "topics",
    "tumblingWindowInSeconds",
)
TIMEOUT_MAX_S = 840
QUEUES = frozenset(name for queue in topology.QUEUES for name in (queue.name, queue.dead_letter_queue))


@policy(MAPPING)
def mappings_use_what_amazon_mq_has(resource: Resource, stack: Stack) -> Iterator[str]:
    """A mapping sets nothing that Amazon MQ ignores or refuses; batches end by count, size or AWS's own 500 ms."""
    for argument in FOREIGN:
        if resource.properties.get(argument):
            yield f"{argument} is not for Amazon MQ"
    if not 1 <= (resource.properties.get("batchSize") or 100) <= 10_000:
        yield f"batchSize is {resource.properties.get('batchSize')}, it must be 1 to 10000"
    if resource.properties.get("maximumBatchingWindowInSeconds"):
        yield "a window that was set once cannot be unset; without one it is 500 ms"


@policy(MAPPING)
def mappings_filter_nothing(resource: Resource, stack: Stack) -> Iterator[str]:
    """A mapping has no filter: what a filter leaves out is acknowledged and lost."""
    if (resource.properties.get("filterCriteria") or {}).get("filters"):
        yield "filterCriteria loses messages; bind the queue more narrowly instead"


@policy(MAPPING)
def mappings_consume_the_contracts_queues(resource: Resource, stack: Stack) -> Iterator[str]:
    """Every queue is mapped, once to an alias at most, with a login from a secret and the contracts' virtual host."""
    queues = [_queue(mapping) for mapping in stack.of_type(MAPPING)]
    if _queue(resource) not in QUEUES:
        yield f"{_queue(resource)} is no queue of the contracts"
    if missing := QUEUES - {*queues}:
        yield f"nothing consumes {', '.join(sorted(missing))}"
    same = [each for each in stack.of_type(MAPPING) if _queue(each) == _queue(resource)]
    targets = [each.properties.get("functionName") for each in same]
    if len({*targets}) < len(targets):
        yield f"{_queue(resource)} has more than one mapping to an alias"
    # Two functions would each get a part of the messages.
    aliases = [alias.properties for alias in stack.of_type(ALIAS) if alias.properties["arn"] in targets]
    if len({alias["functionName"] for alias in aliases}) > 1:
        yield f"{_queue(resource)} is consumed by more than one function"
    access = {each["type"]: each["uri"] for each in resource.properties.get("sourceAccessConfigurations") or ()}
    if access.get("BASIC_AUTH") not in {secret.properties["arn"] for secret in stack.of_type(SECRET)}:
        yield "BASIC_AUTH must name a secret of the program"
    if access.get("VIRTUAL_HOST") != topology.VIRTUAL_HOST:
        yield f"VIRTUAL_HOST is {access.get('VIRTUAL_HOST')}"


@policy(MAPPING)
def mappings_invoke_an_alias_in_time(resource: Resource, stack: Stack) -> Iterator[str]:
    """A mapping invokes an alias of a function that ends within the 14 minutes that Amazon MQ waits."""
    target = resource.properties.get("functionName")
    aliases = [alias for alias in stack.of_type(ALIAS) if alias.properties["arn"] == target]
    if not aliases:
        yield f"{target} is no alias of the program"
    for alias in aliases:
        for function in stack.of_type(FUNCTION):
            timeout_s = function.properties.get("timeout") or 3
            if function.properties.get("name") == alias.properties["functionName"] and timeout_s > TIMEOUT_MAX_S:
                yield f"{function.name} may take {timeout_s} s, Amazon MQ waits {TIMEOUT_MAX_S}"


@policy(BROKER)
def brokers_are_what_amazon_mq_offers(resource: Resource, stack: Stack) -> Iterator[str]:
    """The engine, its version and its size go together, and the patch level is Amazon's to choose."""
    given = resource.properties
    if str(given.get("engineType")).lower() != "rabbitmq":
        yield f"engineType is {given.get('engineType')}"
    if not re.fullmatch(r"4\.[23]", str(given.get("engineVersion"))):
        yield f"engineVersion is {given.get('engineVersion')}: name major and minor of a 4.x that is offered"
    if not str(given.get("hostInstanceType")).startswith("mq.m7g."):
        yield f"{given.get('hostInstanceType')} does not run RabbitMQ 4"
    if not given.get("autoMinorVersionUpgrade"):
        yield "autoMinorVersionUpgrade must be true"
    if given.get("authenticationStrategy") not in (None, "", "simple"):
        yield "mappings log in by name and password only"


@policy(BROKER)
def brokers_are_looked_after(resource: Resource, stack: Stack) -> Iterator[str]:
    """The broker has logs, a stated maintenance window, and as many subnets as its mode takes."""
    given = resource.properties
    if not (given.get("logs") or {}).get("general"):
        yield "logs.general must be true"
    if not given.get("maintenanceWindowStartTime"):
        yield "maintenanceWindowStartTime must be set"
    if given.get("deploymentMode") == "SINGLE_INSTANCE" and len(given.get("subnetIds") or ()) != 1:
        yield "a single instance stands in one subnet"


@policy(BROKER)
def pollers_reach_the_broker(resource: Resource, stack: Stack) -> Iterator[str]:
    """Lambda's pollers stand in the broker's own security group, which lets itself in on 5671."""
    for group in resource.properties.get("securityGroups") or ():
        own = [
            rule
            for rule in stack.of_type(INGRESS)
            if rule.properties.get("securityGroupId") == group
            and rule.properties.get("referencedSecurityGroupId") == group
            and rule.properties.get("fromPort") == 5671
        ]
        if not own:
            yield f"security group {group} does not let itself in on 5671"


def _queue(mapping: Resource) -> str:
    queues = mapping.properties.get("queues")
    return str(queues if isinstance(queues, str) else queues[0] if queues else "")
