"""The Lambda that EventBridge invokes every minute: empties the outbox of what is due (guarantees G1 and G4)."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from aws_api import database_password, get_secret
from contracts import settings as environment
from outbox_relay import relay
from outbox_relay.settings import Settings
from postgres import Database
from rabbitmq import Publisher


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    database: Database
    publisher: Publisher
    logger: Logger


@cache
def dependencies() -> Dependencies:
    settings = environment.read(Settings, os.environ)

    def broker_credentials(timeout_s: float) -> tuple[str, str]:
        secret = get_secret(settings.broker_secret_id, timeout_s=timeout_s)
        return secret["username"], secret["password"]

    return Dependencies(
        database=Database(settings.database, password=database_password(settings.database)),
        publisher=Publisher(settings.broker_endpoint, credentials=broker_credentials, pause_after_failure_s=0),
        logger=Logger(service="outbox_relay", level=settings.log_level, utc=True),
    )


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    needs = dependencies()
    report = relay.run(
        needs.database.connection(),
        publisher=needs.publisher,
        remaining_s=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    log = needs.logger.warning if report.broker_failure else needs.logger.info
    log("outbox relayed", extra=asdict(report))
    return asdict(report)
