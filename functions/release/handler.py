"""The Lambda that a deployment invokes before anything else: schema, logins, topology, users. Idempotent.

Input: `{"database_roles": {role: secret id, or null for IAM}, "broker_users": {user: secret id}}`.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import psycopg
from aws_lambda_powertools.logging import Logger

from aws_api import database_password, get_secret
from contracts import settings as environment
from postgres import Database
from release import database, topology
from release.management_api import ManagementApi
from release.settings import Settings
from tracing import Tracing, configure, prepare

prepare(os.environ)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    settings = environment.read(Settings, os.environ)
    logger = Logger(service="release", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="release", environ=os.environ, log=logger)
    with closing(tracing), tracing.invocation("release", context=context, trigger="other"):
        return _release(event, settings, logger=logger, tracing=tracing)


def _release(event: dict[str, Any], settings: Settings, *, logger: Logger, tracing: Tracing) -> dict[str, Any]:
    with tracing.span("release database"):
        revision = _release_database(settings, event["database_roles"], tracing)
    logger.info("database released", extra={"revision": revision, "roles": sorted(event["database_roles"])})
    with tracing.span("release broker"):
        version = _release_broker(settings, event["broker_users"])
    logger.info("broker released", extra={"rabbitmq_version": version, "users": sorted(event["broker_users"])})
    return {"revision": revision, "rabbitmq_version": version}


def _release_database(settings: Settings, roles: dict[str, str | None], tracing: Tracing) -> str:
    password = database_password(settings.database)
    revision = database.migrate(settings.database, password=password())
    admin = Database(settings.database, password=password, observe=tracing.statements(settings.database))
    try:
        connection: psycopg.Connection[Any] = admin.connection()
        database.set_logins(connection, roles, password_of=lambda secret_id: get_secret(secret_id)["password"])
    finally:
        admin.close()
    return revision


def _release_broker(settings: Settings, users: dict[str, str]) -> str:
    admin = get_secret(settings.broker_admin_secret_id)
    api = ManagementApi(settings.broker_management_url, username=admin["username"], password=admin["password"])
    version = topology.declare(api)
    topology.set_users(api, {user: get_secret(secret_id)["password"] for user, secret_id in users.items()})
    return version
