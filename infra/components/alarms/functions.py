"""What no client waits for and would miss, what Lambda refuses to run, and publishing that fails unseen."""

from collections.abc import Mapping

import pulumi

from components.alarms.model import Alarm, Metric, counted
from components.alarms.watched import Watched


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    return {**_errors(watched), **_throttles(watched), **_publishing(watched)}


def _errors(watched: Watched) -> dict[str, Alarm]:
    def fails(function: pulumi.Input[str], meaning: str, *, period_s: int = 300, periods: int = 2) -> Alarm:
        return Alarm(
            metrics={"errors": _of_lambda("Errors", function)}, period_s=period_s, periods=periods, meaning=meaning
        )

    batches, runs = "Batches of messages fail", "Runs of the relay fail"
    return {
        "consumer-errors": fails(
            watched.consumers["invoices"], f"{batches} for ten minutes: see the log of invoice_consumer."
        ),
        "updater-errors": fails(
            watched.consumers["orders"], f"{batches} for ten minutes: see the log of order_updater."
        ),
        # They run every minute, and what both have in common is the database: known before its followers are.
        "orders-relay-errors": fails(
            watched.relays["orders"], f"{runs} for three minutes: see the log of outbox_relay.", period_s=60, periods=3
        ),
        "invoices-relay-errors": fails(
            watched.relays["invoices"],
            f"{runs} for three minutes: see the log of invoices_relay.",
            period_s=60,
            periods=3,
        ),
        # A command that is refused is an error as well; an audit that fails is one in each period.
        "operations-errors": fails(
            watched.operations, "Audits or commands fail for fifteen minutes: see the log of operations.", periods=3
        ),
    }


def _throttles(watched: Watched) -> dict[str, Alarm]:
    behind_gateway = {
        "orders": watched.producer,
        "cancellations": watched.canceler,
        "reads": watched.reader,
        "payments": watched.recorder,
    }
    unattended = {
        **{f"relay_{side}": relay for side, relay in watched.relays.items()},
        **{f"consumer_{side}": consumer for side, consumer in watched.consumers.items()},
        "operations": watched.operations,
    }
    return {
        "gateway-throttles": _throttled(
            behind_gateway, 10, 2, "Lambda refuses requests for ten minutes: clients get Kong's 500."
        ),
        "unattended-throttles": _throttled(
            unattended, 0, 3, "Lambda refuses batches, relays or audits for fifteen minutes."
        ),
    }


def _throttled(functions: Mapping[str, pulumi.Input[str]], threshold: float, periods: int, meaning: str) -> Alarm:
    return Alarm(
        metrics={name: _of_lambda("Throttles", function) for name, function in functions.items()},
        # A function that was not asked for reports nothing.
        expression=" + ".join(f"FILL({name}, 0)" for name in functions),
        threshold=threshold,
        periods=periods,
        meaning=meaning,
    )


def _publishing(watched: Watched) -> dict[str, Alarm]:
    """The relay delivers within a minute, so the outbox's age may never show that publishing fails."""

    def left_to_relay(function: pulumi.Input[str], events: str) -> Alarm:
        return Alarm(
            metrics={"failures": counted(function, "PublishFailures")},
            threshold=10,
            periods=3,
            meaning=f"For fifteen minutes events of {events} were not confirmed in time and left to the relay.",
        )

    return {
        "publish-failures": left_to_relay(watched.producer, "new orders"),
        "payment-publish-failures": left_to_relay(watched.recorder, "payments"),
    }


def _of_lambda(name: str, function: pulumi.Input[str]) -> Metric:
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": function})
