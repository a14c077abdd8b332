"""`.local/endpoints.json`: where everything of the running system is and how to get in; mode 0600."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from localregion.errors import CommandError
from localregion.plan.model import Plan
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
    """Return the addresses, keys and process ids of a running system."""
    database, broker = secrets[plan.database.admin_secret], secrets[plan.broker.admin_secret]
    # Passwords are letters and digits as generated, but a plan may spell one out.
    credentials = f"{quote(broker['username'], safe='')}:{quote(broker['password'], safe='')}"
    database_user = f"{quote(database['username'], safe='')}:{quote(database['password'], safe='')}"
    return {
        "gateway": f"http://{HOST}:{ports.gateway}",
        "aws": f"http://{HOST}:{ports.aws}",
        "console": f"http://{HOST}:{ports.console}",
        "postgres": f"postgresql://{database_user}@{HOST}:{ports.postgres}/{plan.database.name}",
        "amqp": f"amqp://{credentials}@{HOST}:{ports.rabbitmq}/%2F",
        "management": f"http://{HOST}:{ports.rabbitmq_management}",
        "management_user": broker["username"],
        "management_password": broker["password"],
        "queues": {mapping.name: mapping.queue for mapping in plan.event_source_mappings},
        "pids": dict(pids),
    }


def write(folder: Folder, endpoints: Mapping[str, Any]) -> None:
    write_private(folder.endpoints, json.dumps(endpoints, indent=2) + "\n")


def load(folder: Folder) -> dict[str, Any]:
    """Return the running system's endpoints; NotRunningError when there is none."""
    try:
        endpoints: dict[str, Any] = json.loads(folder.endpoints.read_text())
    except FileNotFoundError:
        raise NotRunningError("nothing is running: `make up` starts it") from None
    return endpoints
