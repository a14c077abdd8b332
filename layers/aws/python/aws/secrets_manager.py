"""Secrets Manager's GetSecretValue, signed and sent with the standard library.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html. Honours AWS_ENDPOINT_URL and
AWS_ENDPOINT_URL_SECRETS_MANAGER as the SDKs do. Neither logs nor raises anything that holds a secret's value. The
time-out is for the whole call, also with a slow server or resolver.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aws import credentials, sigv4
from sockets import Deadline
from sockets.http import request

TIMEOUT_S = 3.0


class SecretUnavailableError(Exception):
    """Secrets Manager did not give the secret; says which one and what it answered."""


def get_secret(
    secret_id: str, *, environ: Mapping[str, str] = os.environ, timeout_s: float = TIMEOUT_S
) -> dict[str, str]:
    """Return the fields of a JSON secret, within `timeout_s`. Raises SecretUnavailableError."""
    region = environ["AWS_REGION"]
    endpoint = (
        environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER")
        or environ.get("AWS_ENDPOINT_URL")
        or f"https://secretsmanager.{region}.amazonaws.com"
    )
    deadline = Deadline(timeout_s)
    try:
        status, answer = _ask(secret_id, endpoint=endpoint, region=region, environ=environ, deadline=deadline)
    except TimeoutError as error:
        raise SecretUnavailableError(f"{secret_id}: no answer within {timeout_s:.3f} s") from error
    except (OSError, http.client.HTTPException) as error:
        raise SecretUnavailableError(f"{secret_id}: {type(error).__name__}: {error}") from error
    if status != 200:
        raise SecretUnavailableError(f"{secret_id}: {status} {_complaint(answer)}")
    return _fields(secret_id, answer)


def _ask(
    secret_id: str, *, endpoint: str, region: str, environ: Mapping[str, str], deadline: Deadline
) -> tuple[int, bytes]:
    """Status and body of one signed request. Raises OSError or http.client.HTTPException."""
    body = json.dumps({"SecretId": secret_id}).encode()
    headers = sigv4.sign(
        "POST",
        "/",
        body,
        host=urlsplit(endpoint).netloc,
        headers={
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "secretsmanager.GetSecretValue",
        },
        service="secretsmanager",
        region=region,
        credentials=credentials.load(environ, timeout_s=deadline.remaining_s()),
        at=datetime.now(UTC),
    )
    return request("POST", endpoint, headers=headers, body=body, deadline=deadline)


def _fields(secret_id: str, answer: bytes) -> dict[str, str]:
    """The secret's own JSON. What cannot be read is not repeated: not even a parser's error, which keeps its input."""
    try:
        fields = json.loads(json.loads(answer)["SecretString"])
    except (ValueError, KeyError, TypeError):
        fields = None
    if not isinstance(fields, dict):
        raise SecretUnavailableError(f"{secret_id}: the secret is not a JSON object")
    return fields


def _complaint(answer: bytes) -> str:
    try:
        document = json.loads(answer)
    except ValueError:
        return "an answer that is not JSON"
    if not isinstance(document, dict):
        return "an answer that is not an object"
    return f"{document.get('__type', '')} {document.get('message') or document.get('Message', '')}".strip()
