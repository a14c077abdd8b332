"""What `get_order` is made of, put together on first use; the only module here that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from aws_lambda_powertools.logging import Logger

import postgres
from aws import database_password
from aws.secrets_manager import SecretUnavailableError
from contracts.settings import read
from get_order.broker_health import is_answering
from get_order.orders import check_health
from get_order.remembered import Remembered
from get_order.repository import PostgresOrderRepository
from get_order.settings import Settings
from postgres import Database
from tracing import Tracing, configure, prepare

prepare(os.environ)

BROKER_TIMEOUT_S = 0.5
# Four times as long as a frozen broker is waited for: at any rate, a fifth of the environments can be held.
HEALTH_REMEMBERED_S = 2.0
# Longer than any statement may take (the role's statement_timeout), short enough to answer 503 before the deadline:
# it bounds all that one answer asks the database at a time, a new connection included.
HANG_UP_AFTER_S = 4.0
UNAVAILABLE = (*postgres.UNAVAILABLE, SecretUnavailableError)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    database: Database
    repository: PostgresOrderRepository
    health: Callable[[], Literal["ok", "degraded"]]
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    """Read the settings and make the parts; nothing is opened yet."""
    settings = read(Settings, os.environ)
    logger = Logger(service="get_order", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="get_order", environ=os.environ, log=logger)
    database = Database(
        settings.database,
        password=database_password(settings.database),
        hang_up_after_s=HANG_UP_AFTER_S,
        observe=tracing.statements(settings.database),
    )
    repository = PostgresOrderRepository(database)
    is_broker_answering = partial(is_answering, settings.broker_endpoint, timeout_s=BROKER_TIMEOUT_S)
    check = partial(check_health, repository=repository, is_broker_answering=is_broker_answering)
    return Dependencies(
        database=database,
        repository=repository,
        health=Remembered(check, for_s=HEALTH_REMEMBERED_S),
        tracing=tracing,
        logger=logger,
    )
