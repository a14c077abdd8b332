"""The Lambda that EventBridge invokes every minute: empties the outbox of what is due (guarantees G1 and G4)."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from aws_api import database_password, get_secret
from aws_api.metrics import write_metrics
from contracts import settings as environment
from outbox_relay import relay
from outbox_relay.settings import Settings
from postgres import Database
from rabbitmq import Publisher
from tracing import Tracing, configure, prepare

prepare(os.environ)

# Nobody waits for its answer, and a full outbox makes many spans.
EXPORT_TIMEOUT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    database: Database
    publisher: Publisher
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    settings = environment.read(Settings, os.environ)
    logger = Logger(service="outbox_relay", level=settings.log_level, utc=True)
    tracing = configure(
        settings.tracing, service="outbox_relay", environ=os.environ, log=logger, export_timeout_s=EXPORT_TIMEOUT_S
    )

    def broker_credentials(timeout_s: float) -> tuple[str, str]:
        secret = get_secret(settings.broker_secret_id, timeout_s=timeout_s)
        return secret["username"], secret["password"]

    publisher = Publisher(settings.broker_endpoint, credentials=broker_credentials, pause_after_failure_s=0)
    return Dependencies(
        database=Database(
            settings.database,
            password=database_password(settings.database),
            observe=tracing.statements(settings.database),
        ),
        # A message is its order's: its `send` span is in the trace of whoever ordered.
        publisher=tracing.publisher(publisher, endpoint=settings.broker_endpoint, below_message=True),
        tracing=tracing,
        logger=logger,
    )


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    needs = dependencies()
    with needs.tracing.invocation("outbox_relay", context=context, trigger="timer") as span:
        report = relay.run(
            needs.database.connection(),
            publisher=needs.publisher,
            remaining_s=lambda: context.get_remaining_time_in_millis() / 1000,
        )
        span.set({"outbox.published": report.published, "outbox.postponed": report.postponed})
        if report.broker_failure:
            span.fail("broker_unavailable", report.broker_failure)
        log = needs.logger.warning if report.broker_failure else needs.logger.info
        log("outbox relayed", extra=asdict(report))
        failures = report.postponed + bool(report.broker_failure)
        write_metrics({"PublishFailures": failures}, service=context.function_name)
        return asdict(report)
