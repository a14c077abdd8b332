"""The Lambda that EventBridge invokes every minute: empties a side's outbox of what is due (guarantees G1 and G4)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws.metrics import write_metrics
from outbox_relay import relay
from outbox_relay.bootstrap import SERVICES, dependencies
from outbox_relay.repository import Outbox

# What is left of the invocation when a database that says nothing is hung up on: enough to fail and to say so.
HANG_UP_MARGIN_S = 1.0


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    deps = dependencies()
    with deps.tracing.invocation(SERVICES[deps.settings.outbox_schema], context=context, trigger="timer") as span:
        deps.database.finish_within(_remaining_s(context) - HANG_UP_MARGIN_S)
        report = relay.run(
            Outbox(deps.database.connection(), deps.settings.outbox_schema),
            publisher=deps.publisher,
            remaining_s=lambda: _remaining_s(context),
        )
        span.set({"outbox.published": report.published, "outbox.postponed": report.postponed})
        if report.broker_failure:
            span.fail("broker_unavailable", report.broker_failure)
        log = deps.logger.warning if report.broker_failure else deps.logger.info
        log("outbox relayed", extra=asdict(report))
        failures = report.postponed + bool(report.broker_failure)
        write_metrics({"PublishFailures": failures}, service=context.function_name)
        return asdict(report)


def _remaining_s(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000
