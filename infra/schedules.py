"""What runs by the clock: the relays, the audit that alarms watch, the purge."""

from collections.abc import Iterable

from components.function import Function
from components.schedule import Schedule, ScheduleArgs
from configuration import Configuration


def build_schedules(config: Configuration, *, relays: Iterable[tuple[str, Function]], operations: Function) -> None:
    """Create the schedules; a relay comes with its schedule's name."""
    for name, relay in relays:
        Schedule(name, ScheduleArgs(prefix=config.prefix, expression="rate(1 minute)", function=relay))
    # An audit of what is new or changed, as metrics.
    audit = Schedule(
        "audit",
        ScheduleArgs(
            prefix=config.prefix,
            expression="rate(5 minutes)",
            function=operations,
            input={"operation": "audit", "incremental": True, "emitMetrics": True},
        ),
    )
    # A change of customers or keys that could not be written at once; what is written already costs one HEAD.
    Schedule(
        "publication",
        ScheduleArgs(
            prefix=config.prefix,
            expression="rate(1 minute)",
            function=operations,
            input={"operation": "publishCustomers"},
            beside=audit,
        ),
    )
    # Parked messages and unmatched payments are not kept for ever.
    Schedule(
        "purge",
        ScheduleArgs(
            prefix=config.prefix,
            expression="rate(1 day)",
            function=operations,
            input={"operation": "purge", "olderThanDays": config.retention_days},
            beside=audit,
        ),
    )
