"""`.local/endpoints.json`: where everything of the running system is and how to get in; mode 0600."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from localregion import project
from localregion.errors import CommandError
from localregion.plan.model import Database, Plan
from localregion.services.ports import HOST, Ports
from localregion.system.folder import Folder, write_private


class NotRunningError(CommandError):
    """There is no running system to talk to."""


def describe(
    plan: Plan,
    secrets: Mapping[str, Mapping[str, str]],
    ports: Ports,
    pids: Mapping[str, int | None],
) -> dict[str, Any]:
    """Return the addresses, keys and process ids of a running system; nothing of parts that the plan lacks."""
    return {
        **({"gateway": f"http://{HOST}:{ports.gateway}"} if plan.gateway else {}),
        "aws": f"http://{HOST}:{ports.aws}",
        "console": f"http://{HOST}:{ports.console}",
        **(_database(plan.database, secrets[plan.database.admin_secret], ports) if plan.database else {}),
        **(_broker(secrets[plan.broker.admin_secret], ports) if plan.broker else {}),
        "queues": {mapping.name: mapping.queue for mapping in plan.event_source_mappings},
        "pids": dict(pids),
    }


def _database(database: Database, admin: Mapping[str, str], ports: Ports) -> dict[str, str]:
    return {"postgres": f"postgresql://{_credentials(admin)}@{HOST}:{ports.postgres}/{database.name}"}


def _broker(admin: Mapping[str, str], ports: Ports) -> dict[str, str]:
    return {
        "amqp": f"amqp://{_credentials(admin)}@{HOST}:{ports.rabbitmq}/%2F",
        "management": f"http://{HOST}:{ports.rabbitmq_management}",
        "management_user": admin["username"],
        "management_password": admin["password"],
    }


def _credentials(admin: Mapping[str, str]) -> str:
    # Passwords are letters and digits as generated, but a plan may spell one out.
    return f"{quote(admin['username'], safe='')}:{quote(admin['password'], safe='')}"


def write(folder: Folder, endpoints: Mapping[str, Any]) -> None:
    write_private(folder.endpoints, json.dumps(endpoints, indent=2) + "\n")


def load(folder: Folder) -> dict[str, Any]:
    """Return the running system's endpoints; NotRunningError when there is none."""
    try:
        endpoints: dict[str, Any] = json.loads(folder.endpoints.read_text())
    except FileNotFoundError:
        raise NotRunningError(f"nothing is running: `{project.command('up')}` starts it") from None
    return endpoints
