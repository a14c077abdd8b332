"""A RabbitMQ queue whose messages invoke a function in batches.

Amazon MQ gives a mapping one execution environment and requeues a failed batch as a whole; there is no partial
success, no retry limit and no on-failure destination to configure.
https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

BATCH_SIZE_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class EventSourceMappingArgs:
    """`batching_window_s` unset means AWS's 500 ms, to which a mapping cannot return once it was set."""

    broker_arn: pulumi.Input[str]
    function_alias_arn: pulumi.Input[str]
    queue: str
    virtual_host: str
    user_secret_arn: pulumi.Input[str]
    batch_size: int
    batching_window_s: int | None = None


class EventSourceMapping(pulumi.ComponentResource):
    """The mapping of one queue to one function.

    Creates:
      - the event source mapping

    Outputs: arn.
    """

    def __init__(self, name: str, args: EventSourceMappingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:EventSourceMapping", name, None, opts)
        if not 1 <= args.batch_size <= BATCH_SIZE_MAX:
            raise ValueError(f"mapping {name} has batch size {args.batch_size}, Lambda takes 1 to {BATCH_SIZE_MAX}")
        mapping = aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=args.broker_arn,
            function_name=args.function_alias_arn,
            queues=args.queue,
            batch_size=args.batch_size,
            maximum_batching_window_in_seconds=args.batching_window_s,
            source_access_configurations=[
                {"type": "BASIC_AUTH", "uri": args.user_secret_arn},
                {"type": "VIRTUAL_HOST", "uri": args.virtual_host},
            ],
            enabled=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn: pulumi.Output[str] = mapping.arn
        self.register_outputs({"arn": self.arn})
