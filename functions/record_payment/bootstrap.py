"""What `record_payment` is made of, put together on first use; the only module here that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

from aws_lambda_powertools.logging import Logger

import postgres
from aws import broker_credentials, database_password
from aws.secrets_manager import SecretUnavailableError, get_secret
from contracts.settings import read
from payments.repository import PostgresPaymentRepository
from postgres import Database
from rabbitmq import Publisher
from record_payment import standard_webhooks, stripe
from record_payment.secrets import ProviderSecrets
from record_payment.settings import Settings
from record_payment.webhooks import DEFAULT_PROVIDER, Provider
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
    repository: PostgresPaymentRepository
    providers: Mapping[str, Provider]
    publisher: Publisher
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    """Read the settings and make the parts; nothing is opened yet."""
    settings = read(Settings, os.environ)
    logger = Logger(service="record_payment", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="record_payment", environ=os.environ, log=logger)
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
        repository=PostgresPaymentRepository(database),
        providers=_providers(settings),
        # What is told of an invoice stands in the trace of the request that ordered.
        publisher=tracing.publisher(publisher, endpoint=settings.broker_endpoint, below_message=True),
        tracing=tracing,
        logger=logger,
    )


def _providers(settings: Settings) -> dict[str, Provider]:
    """By the names that paths have."""
    known = {
        DEFAULT_PROVIDER: (standard_webhooks, settings.webhook_secret_id_default),
        "stripe": (stripe, settings.webhook_secret_id_stripe),
    }
    return {
        name: Provider(form=form, secrets=ProviderSecrets(partial(get_secret, secret_id)))
        for name, (form, secret_id) in known.items()
    }
