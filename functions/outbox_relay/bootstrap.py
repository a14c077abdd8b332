"""What `outbox_relay` is made of, put together on first use; the only module here that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from aws_lambda_powertools.logging import Logger

from aws import broker_credentials, database_password
from contracts.settings import read
from outbox_relay.settings import Settings
from postgres import Database
from rabbitmq import Publisher
from tracing import Tracing, configure, prepare

prepare(os.environ)

# No client waits for its answer, and a full outbox makes many spans.
EXPORT_TIMEOUT_S = 1.0
# A side, and the function that relays its events.
SERVICES = {"orders": "outbox_relay", "invoices": "invoices_relay"}


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    settings: Settings
    database: Database
    publisher: Publisher
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    """Read the settings and make the parts; nothing is opened yet."""
    settings = read(Settings, os.environ)
    service = SERVICES[settings.outbox_schema]
    logger = Logger(service=service, level=settings.log_level, utc=True)
    tracing = configure(
        settings.tracing, service=service, environ=os.environ, log=logger, export_timeout_s=EXPORT_TIMEOUT_S
    )
    database = Database(
        settings.database,
        password=database_password(settings.database),
        observe=tracing.statements(settings.database),
    )
    credentials = broker_credentials(settings.broker_secret_id)
    publisher = Publisher(settings.broker_endpoint, credentials=credentials, pause_after_failure_s=0)
    return Dependencies(
        settings=settings,
        database=database,
        # A message is its order's: its `send` span is in the trace of the request that ordered.
        publisher=tracing.publisher(publisher, endpoint=settings.broker_endpoint, below_message=True),
        tracing=tracing,
        logger=logger,
    )
