"""What `invoice_consumer` is made of, put together on first use; the only module here that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.logging import Logger

import postgres
from aws import database_password
from aws.secrets_manager import SecretUnavailableError
from contracts.settings import read
from deliveries import large_events, spans
from deliveries.consumer import Consumer
from deliveries.parking import Parking
from invoice_consumer import invoices
from invoice_consumer.settings import Settings
from invoice_consumer.storing import COUNTS, store
from postgres import Database
from tracing import Tracing, configure, prepare

prepare(os.environ)

# No client waits for a batch's answer, and the links of the largest are a megabyte of JSON.
EXPORT_TIMEOUT_S = 1.0
UNAVAILABLE = (*postgres.UNAVAILABLE, SecretUnavailableError)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    database: Database
    consumer: Consumer[Any]
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    """Read the settings and make the parts; nothing is opened yet."""
    settings = read(Settings, os.environ)
    large_events.prepare()
    logger = Logger(service="invoice_consumer", level=settings.log_level, utc=True)
    tracing = configure(
        settings.tracing,
        service="invoice_consumer",
        environ=os.environ,
        log=logger,
        export_timeout_s=EXPORT_TIMEOUT_S,
    )
    database = Database(
        settings.database,
        password=database_password(settings.database),
        observe=tracing.statements(settings.database),
    )
    consumer = Consumer(
        connection=database.connection,
        environment=uuid4(),
        parking=Parking("invoices"),
        decode=invoices.decode,
        decode_all=invoices.decode_all,
        store=partial(store, due_days=settings.invoice_due_days),
        counts=COUNTS,
        on_parked=partial(spans.park, tracing),
    )
    return Dependencies(database=database, consumer=consumer, tracing=tracing, logger=logger)
