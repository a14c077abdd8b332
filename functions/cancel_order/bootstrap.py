"""What `cancel_order` is made of, put together on first use; the only module here that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from aws_lambda_powertools.logging import Logger

import postgres
from aws import broker_credentials, database_password
from aws.secrets_manager import SecretUnavailableError
from cancel_order.repository import PostgresCancellationRepository
from cancel_order.settings import Settings
from contracts.settings import read
from postgres import Database
from rabbitmq import Publisher
from tracing import Tracing, configure, prepare

prepare(os.environ)

# Longer than any statement may take (the role's statement_timeout), short enough to answer 503 before the deadline:
# it bounds all that one answer asks the database at a time, a new connection included.
HANG_UP_AFTER_S = 4.0
UNAVAILABLE = (*postgres.UNAVAILABLE, SecretUnavailableError)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    settings: Settings
    database: Database
    repository: PostgresCancellationRepository
    publisher: Publisher
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    """Read the settings and make the parts; nothing is opened yet."""
    settings = read(Settings, os.environ)
    logger = Logger(service="cancel_order", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="cancel_order", environ=os.environ, log=logger)
    database = Database(
        settings.database,
        password=database_password(settings.database),
        hang_up_after_s=HANG_UP_AFTER_S,
        observe=tracing.statements(settings.database),
    )
    publisher = Publisher(settings.broker_endpoint, credentials=broker_credentials(settings.broker_secret_id))
    return Dependencies(
        settings=settings,
        database=database,
        repository=PostgresCancellationRepository(database, idempotency_ttl_hours=settings.idempotency_ttl_hours),
        publisher=tracing.publisher(publisher, endpoint=settings.broker_endpoint, below_message=False),
        tracing=tracing,
        logger=logger,
    )
