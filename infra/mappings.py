"""The event source mappings: each queue in batches, once for each alias of its consumer, dead letters one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.broker import Broker
from components.event_source_mapping import EventSourceMapping, EventSourceMappingArgs
from components.function import Function
from components.secret import Secret
from contracts import topology


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """What works off the queues of a side, and the RabbitMQ user that reads them."""

    function: Function
    user: Secret


def build_mappings(
    broker: Broker, consumers: Mapping[str, Consumer], *, batch_size: int, depends_on: Sequence[pulumi.Resource]
) -> None:
    """Create the mappings; `consumers` are by side, and queues and users exist after `depends_on`."""
    for queue in topology.QUEUES:
        consumer = consumers[queue.side]
        # Lambda refuses a second mapping of a queue to the same alias, so each has an alias of its own.
        first, *others = consumer.function.alias_arns
        for name, queue_name, size, alias_arn in (
            (queue.policy, queue.name, batch_size, first),
            *((f"{queue.policy}-{n}", queue.name, batch_size, arn) for n, arn in enumerate(others, 2)),
            (queue.dead_letter_policy, queue.dead_letter_queue, 1, first),
        ):
            EventSourceMapping(
                name,
                EventSourceMappingArgs(
                    broker_arn=broker.arn,
                    function_alias_arn=alias_arn,
                    queue=queue_name,
                    virtual_host=topology.VIRTUAL_HOST,
                    user_secret_arn=consumer.user.arn,
                    batch_size=size,
                ),
                # The function's rights outlive the mapping when all is destroyed.
                pulumi.ResourceOptions(depends_on=[*depends_on, consumer.function]),
            )
