"""What `operations` is made of, put together on first use; the only module here that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.logging import Logger

from aws import database_password, get_secret
from aws.s3 import StoredObject
from contracts.settings import read
from operations import customers
from operations.customer_requests import CustomerRequest
from operations.customers import Connection
from operations.settings import Settings
from postgres import Database
from tracing import Tracing, configure, prepare

prepare(os.environ)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    database: Database
    tracing: Tracing
    logger: Logger
    customers: Callable[[CustomerRequest, Connection], dict[str, Any]]


@cache
def dependencies() -> Dependencies:
    """Read the settings and make the parts; nothing is opened yet."""
    settings = read(Settings, os.environ)
    logger = Logger(service="operations", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="operations", environ=os.environ, log=logger)
    database = Database(
        settings.database,
        password=database_password(settings.database),
        observe=tracing.statements(settings.database),
    )
    return Dependencies(
        database=database,
        tracing=tracing,
        logger=logger,
        customers=partial(
            customers.perform,
            store=StoredObject(settings.customers_bucket, settings.customers_key),
            limit_max=settings.requests_per_second_max,
            secret_of=lambda secret_id: get_secret(secret_id)["key"],
        ),
    )
