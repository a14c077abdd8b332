"""Secrets Manager as far as functions need it: GetSecretValue of the local secrets, by name or ARN.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html, AWS JSON 1.1. Every secret has
one version, with stage AWSCURRENT. Values come from the secrets file and go nowhere but into answers. Left out:
everything else.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from typing import Any

from localregion.aws.http.exchange import Request, Response
from localregion.plan.model import Plan

TARGET_PREFIX = "secretsmanager."
_CURRENT = "AWSCURRENT"


class SecretsManager:
    """The secrets of a resolved plan."""

    def __init__(self, plan: Plan) -> None:
        self._secrets = plan.secrets
        self._arn_prefix = f"arn:aws:secretsmanager:{plan.region}:{plan.account}:secret:"
        self._created = round(time.time(), 3)

    def handle(self, request: Request) -> Response:
        operation = (request.header(b"x-amz-target") or "").removeprefix(TARGET_PREFIX)
        if operation != "GetSecretValue":
            message = f"Secrets Manager's {operation} is not emulated. Supported: GetSecretValue."
            return _error("UnknownOperationException", message)
        try:
            parameters = json.loads(request.body or b"{}")
        except ValueError:
            return _error("SerializationException", "The request body is not JSON.")
        if not isinstance(parameters, dict) or not isinstance(parameters.get("SecretId"), str):
            return _error("InvalidParameterException", "You must provide a value for the SecretId parameter.")
        return self._get_secret_value(parameters)

    def _get_secret_value(self, parameters: dict[str, Any]) -> Response:
        name = self._find(parameters["SecretId"])
        stage = parameters.get("VersionStage", _CURRENT)
        if name is None:
            return _error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        version_id = str(uuid.uuid5(uuid.NAMESPACE_URL, self._arn(name)))
        if stage != _CURRENT or parameters.get("VersionId", version_id) != version_id:
            version = (
                f"VersionId: {parameters['VersionId']}" if "VersionId" in parameters else f"staging label: {stage}"
            )
            message = f"Secrets Manager can't find the specified secret value for {version}"
            return _error("ResourceNotFoundException", message)
        body = {
            "ARN": self._arn(name),
            "Name": name,
            "VersionId": version_id,
            "SecretString": json.dumps(self._secrets[name]),
            "VersionStages": [_CURRENT],
            "CreatedDate": self._created,
        }
        return _response(200, body)

    def _find(self, secret_id: str) -> str | None:
        """Return the name that a name, an ARN or an ARN without its random suffix stands for."""
        name = secret_id.removeprefix(self._arn_prefix)
        if name in self._secrets:
            return name
        without_suffix = re.sub(r"-[A-Za-z0-9]{6}$", "", name)
        return without_suffix if name != secret_id and without_suffix in self._secrets else None

    def _arn(self, name: str) -> str:
        return f"{self._arn_prefix}{name}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _response(status: int, body: dict[str, Any]) -> Response:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": str(uuid.uuid4())}
    return Response(status, headers, json.dumps(body).encode())


def _error(error_type: str, message: str) -> Response:
    return _response(400, {"__type": error_type, "Message": message})
