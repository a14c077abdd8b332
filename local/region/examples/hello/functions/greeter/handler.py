"""Says hello to an HTTP request, to each message of a queue, and to a schedule."""

import base64
import json
from typing import Any


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Tell the three apart by what only one of them has; what is printed is the function's log."""
    if "httpMethod" in event:
        print(f"hello, request for {event['path']}")
        return {"statusCode": 200, "body": json.dumps({"hello": event["path"]})}
    for messages in event.get("rmqMessagesByQueue", {}).values():
        for message in messages:
            print(f"hello, message {base64.b64decode(message['data']).decode()!r}")
    if "schedule" in event:
        print(f"hello, schedule {event['schedule']}")
    return None
