"""The call that takes back what another one made: a broker, a database, a service that does not run here."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode

from localregion.aws.http.exchange import Request, Response
from localregion.aws.http.operation import Operation


def undoing(request: Request, operation: Operation, response: Response) -> Request | None:
    """Return the call that deletes what this one created; None for any other call."""
    if operation.service == "mq" and (request.method, request.path) == ("POST", "/v1/brokers"):
        path = f"/v1/brokers/{json.loads(response.body)['brokerId']}"
        return _with_body(request, b"")._replace(method="DELETE", path=path, target=path)
    if (operation.service, operation.name) == ("rds", "CreateDBInstance"):
        identifier = parse_qs(request.body.decode())["DBInstanceIdentifier"][0]
        form = {"Action": "DeleteDBInstance", "Version": "2014-10-31", "SkipFinalSnapshot": "true"}
        return _with_body(request, urlencode({**form, "DBInstanceIdentifier": identifier}).encode())
    if (operation.service, operation.name) == ("ecs", "CreateService"):
        made = json.loads(response.body)["service"]
        content = {"cluster": made["clusterArn"], "service": made["serviceArn"], "force": True}
        target = (request.header(b"x-amz-target") or "").replace("CreateService", "DeleteService")
        asked = _with_body(request, json.dumps(content).encode())
        return asked._replace(headers={**asked.headers, b"x-amz-target": target.encode()})
    return None


def _with_body(request: Request, body: bytes) -> Request:
    return request._replace(body=body, size=len(body))
