"""Secrets Manager as far as functions need it: GetSecretValue of the local secrets, by name or ARN.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html, AWS JSON 1.1. Every secret has
one version, with stage AWSCURRENT. Values come from the secrets file and go nowhere but into answers. Left out:
everything else.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from typing import Any

from localregion.aws.http.exchange import Request, Response, parse_json
from localregion.plan.model import Plan

TARGET_PREFIX = "secretsmanager."
_CURRENT = "AWSCURRENT"


class SecretsManager:
    """The secrets of a resolved plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._created = round(time.time(), 3)

    def handle(self, request: Request) -> Response:
        operation = (request.header(b"x-amz-target") or "").removeprefix(TARGET_PREFIX)
        if operation != "GetSecretValue":
            message = f"Secrets Manager's {operation} is not emulated. Supported: GetSecretValue."
            return _error("UnknownOperationException", message)
        try:
            parameters = parse_json(request.body or b"{}")
        except ValueError:
            return _error("SerializationException", "The request body is not JSON.")
        if not isinstance(parameters, dict) or not isinstance(parameters.get("SecretId"), str):
            return _error("InvalidParameterException", "You must provide a value for the SecretId parameter.")
        # A member that is null counts as absent, as for AWS.
        return self._get_secret_value({member: value for member, value in parameters.items() if value is not None})

    def _get_secret_value(self, parameters: dict[str, Any]) -> Response:
        name = find_secret(self._plan, parameters["SecretId"])
        stage = parameters.get("VersionStage", _CURRENT)
        if name is None:
            return _error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        arn = secret_arn(self._plan, name)
        version_id = str(uuid.uuid5(uuid.NAMESPACE_URL, arn))
        if stage != _CURRENT or parameters.get("VersionId", version_id) != version_id:
            version = (
                f"VersionId: {parameters['VersionId']}" if "VersionId" in parameters else f"staging label: {stage}"
            )
            message = f"Secrets Manager can't find the specified secret value for {version}"
            return _error("ResourceNotFoundException", message)
        body = {
            "ARN": arn,
            "Name": name,
            "VersionId": version_id,
            "SecretString": json.dumps(self._plan.secrets[name]),
            "VersionStages": [_CURRENT],
            "CreatedDate": self._created,
        }
        return _response(200, body)


def secret_arn(plan: Plan, name: str) -> str:
    """Return the ARN with the six characters that Secrets Manager puts behind each name, here always the same ones."""
    return f"{_arn_prefix(plan)}{name}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def find_secret(plan: Plan, secret_id: str) -> str | None:
    """Return the name that a name, an ARN or an ARN without its six last characters stands for."""
    name = secret_id.removeprefix(_arn_prefix(plan))
    if name in plan.secrets:
        return name
    without_suffix = name[:-7]
    is_known = without_suffix in plan.secrets and secret_id == secret_arn(plan, without_suffix)
    return without_suffix if is_known else None


def _arn_prefix(plan: Plan) -> str:
    return f"arn:aws:secretsmanager:{plan.region}:{plan.account}:secret:"


def _response(status: int, body: dict[str, Any]) -> Response:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid.uuid4())}
    return Response(status, headers, json.dumps(body).encode())


def _error(error_type: str, message: str) -> Response:
    return _response(400, {"__type": error_type, "Message": message})
