"""Queue depths from RabbitMQ's management API, in the form that 3.10 and 4 have in common.

https://www.rabbitmq.com/docs/management: its figures are sampled every five seconds, and so is what is shown.
"""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import SourceDownError

_TIMEOUT_S = 2.0
_COLUMNS = "name,messages_ready,messages_unacknowledged,consumers"


def queues(system: LocalSystem) -> dict[str, dict[str, Any]]:
    """Return the queues of the virtual host by name. Blocks for at most some seconds; raises SourceDownError."""
    known = system.endpoints()
    address = urlsplit(known["management"])
    login = f"{known['management_user']}:{known['management_password']}"
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", f"/api/queues/{quote('/', safe='')}?columns={_COLUMNS}", headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise SourceDownError(f"RabbitMQ's management API answered {answer.status}")
        return {queue["name"]: queue for queue in json.loads(text)}
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        raise SourceDownError(f"RabbitMQ's management API: {error or type(error).__name__}") from error
    finally:
        connection.close()
