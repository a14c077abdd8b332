"""What alarms and graphs look at, by its name in metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The functions are those behind the gateway, and of each side its relay and its consumer.

    `configurator` is what Kong's configurator calls itself. `has_insights` tells whether the database reports its load,
    `has_credits` whether its processors run on credits.
    """

    producer: pulumi.Input[str]
    canceler: pulumi.Input[str]
    reader: pulumi.Input[str]
    recorder: pulumi.Input[str]
    relays: Mapping[str, pulumi.Input[str]]
    consumers: Mapping[str, pulumi.Input[str]]
    operations: pulumi.Input[str]
    configurator: pulumi.Input[str]
    balancer: pulumi.Input[str]
    target_group: pulumi.Input[str]
    broker: pulumi.Input[str]
    database: pulumi.Input[str]
    database_proxy: pulumi.Input[str]
    has_insights: bool
    has_credits: bool
