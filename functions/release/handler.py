"""The Lambda that a deployment invokes before anything else: schema, logins, topology, users. Idempotent.

Input: `{"database_roles": {role: secret id, or null for IAM}, "broker_users": {user: secret id}}`, and `"people"`.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from aws import get_secret
from release import database, topology
from release.bootstrap import Dependencies, dependencies
from release.people import admit

# What of the invocation's time migrations may wait for locks; the rest is for logins and the broker.
MIGRATIONS_PART = 0.8


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    # The next invocation belongs to another deployment, so the connections are closed at the end of this one.
    invocation = deps.tracing.invocation("release", context=context, trigger="other")
    with closing(deps.tracing), closing(deps.database), invocation:
        return _release(event, deps, remaining_s=context.get_remaining_time_in_millis() / 1000)


def _release(event: dict[str, Any], deps: Dependencies, *, remaining_s: float) -> dict[str, Any]:
    with deps.tracing.span("release database"):
        revision = _release_database(event["database_roles"], deps, deadline_s=remaining_s * MIGRATIONS_PART)
    deps.logger.info("database released", extra={"revision": revision, "roles": sorted(event["database_roles"])})
    with deps.tracing.span("release broker"):
        version = _release_broker(event["broker_users"], deps)
    deps.logger.info("broker released", extra={"rabbitmq_version": version, "users": sorted(event["broker_users"])})
    if (people := event.get("people")) is not None:
        admit(people, connection=deps.database.connection(), api=deps.broker_api(), password_of=_password_of)
        deps.logger.info("people admitted", extra={"roles": people["database_roles"]})
    return {"revision": revision, "rabbitmq_version": version}


def _release_database(roles: dict[str, str | None], deps: Dependencies, *, deadline_s: float) -> str:
    revision = database.migrate(deps.settings.database, password=deps.password(), deadline_s=deadline_s)
    database.set_logins(deps.database.connection(), roles, password_of=_password_of)
    return revision


def _release_broker(users: dict[str, str], deps: Dependencies) -> str:
    api = deps.broker_api()
    version = topology.declare(api)
    topology.set_users(api, {user: _password_of(secret_id) for user, secret_id in users.items()})
    return version


def _password_of(secret_id: str) -> str:
    return get_secret(secret_id)["password"]
