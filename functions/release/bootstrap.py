"""What `release` is made of, put together on first use; the only module here that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from aws_lambda_powertools.logging import Logger

from aws import database_password, get_secret
from aws.passwords import PasswordSource
from contracts.settings import read
from postgres import Database
from release.management_api import ManagementApi
from release.settings import Settings
from tracing import Tracing, configure, prepare

prepare(os.environ)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment; `password` is the master's, as whom `database` is used."""

    settings: Settings
    password: PasswordSource
    database: Database
    tracing: Tracing
    logger: Logger

    def broker_api(self) -> ManagementApi:
        """The broker's API as its administrator, whose password is read anew each time."""
        admin = get_secret(self.settings.broker_admin_secret_id)
        url = self.settings.broker_management_url
        return ManagementApi(url, username=admin["username"], password=admin["password"])


@cache
def dependencies() -> Dependencies:
    """Read the settings and make the parts; nothing is opened yet."""
    settings = read(Settings, os.environ)
    logger = Logger(service="release", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="release", environ=os.environ, log=logger)
    password = database_password(settings.database)
    database = Database(settings.database, password=password, observe=tracing.statements(settings.database))
    return Dependencies(settings=settings, password=password, database=database, tracing=tracing, logger=logger)
