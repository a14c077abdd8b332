"""Queue depths from RabbitMQ's management API: its figures are sampled every five seconds, and so is what is shown."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import SourceDownError
from localregion.http_client import HttpError
from localregion.services.management_api import ManagementApi

_TIMEOUT_S = 2.0
_COLUMNS = "name,messages_ready,messages_unacknowledged,consumers"


def queues(system: LocalSystem) -> dict[str, dict[str, Any]]:
    """Return the queues of the virtual host by name. Blocks for at most some seconds; raises SourceDownError."""
    api = ManagementApi.of_system(system.endpoints(), timeout_s=_TIMEOUT_S)
    try:
        return {queue["name"]: queue for queue in api.get("queues", "/", columns=_COLUMNS)}
    except HttpError as error:
        was_refused = error.status not in (None, HTTPStatus.OK)
        what = f" answered {error.status}" if was_refused else f": {error.reason}"
        raise SourceDownError(f"RabbitMQ's management API{what}") from error
    except (LookupError, TypeError) as error:
        raise SourceDownError(f"RabbitMQ's management API answers with something else: {error}") from error
