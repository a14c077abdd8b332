"""The logins of people on call, at the database and at the broker: let in when a release names them, and else not.

The event's `people` is `{"database_roles": [role], "broker_users": {user: secret id}}`. Exactly these come in; an event
without it changes nothing, so that a release by hand locks no one out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import psycopg
from migrations.roles import PEOPLE
from psycopg import sql

from contracts.topology import VIRTUAL_HOST
from release.management_api import ManagementApi

# What people look with, and nothing more: every page of the management UI, no message. A queue is never looked into by
# taking messages from it.
BROKER_USERS = {"on_call": "monitoring"}
NOTHING = {"configure": "", "write": "", "read": ""}


class UnknownPersonError(Exception):
    """The input names a login that is not one of those for people."""


def admit(
    people: Mapping[str, Any],
    *,
    connection: psycopg.Connection[Any],
    api: ManagementApi,
    password_of: Callable[[str], str],
) -> None:
    """Let in who is named and no other. Raises UnknownPersonError, before anything is changed, and psycopg.Error."""
    roles, users = people["database_roles"], people["broker_users"]
    _refuse_others(roles, PEOPLE)
    _refuse_others(users, BROKER_USERS)
    admit_to_database(connection, roles)
    admit_to_broker(api, {user: password_of(secret_id) for user, secret_id in users.items()})


def admit_to_database(connection: psycopg.Connection[Any], roles: Collection[str]) -> None:
    """Let these roles log in, by IAM; the others of people cannot."""
    with connection.transaction():
        for role in PEOPLE:
            login = sql.SQL("LOGIN" if role in roles else "NOLOGIN")
            connection.execute(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), login))
            if role in roles:
                connection.execute(sql.SQL("GRANT rds_iam TO {}").format(sql.Identifier(role)))


def admit_to_broker(api: ManagementApi, passwords: Mapping[str, str]) -> None:
    """Create these users, or set them anew; the others of people are deleted."""
    for user, tag in BROKER_USERS.items():
        if user in passwords:
            api.put("users", user, document={"password": passwords[user], "tags": tag})
            api.put("permissions", VIRTUAL_HOST, user, document=NOTHING)
        else:
            api.delete("users", user)


def _refuse_others(named: Collection[str], known: Collection[str]) -> None:
    if unknown := sorted(set(named) - set(known)):
        raise UnknownPersonError(f"{', '.join(unknown)}; there are {', '.join(sorted(known))}")
