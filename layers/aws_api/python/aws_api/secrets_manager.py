"""Secrets Manager's GetSecretValue, signed and sent with the standard library.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html. Honours AWS_ENDPOINT_URL and
AWS_ENDPOINT_URL_SECRETS_MANAGER as the SDKs do. Neither logs nor raises anything that holds a secret's value.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aws_api import credentials, sigv4

TIMEOUT_S = 3.0


class SecretUnavailableError(Exception):
    """Secrets Manager did not give the secret; says which one and what it answered."""


def get_secret(
    secret_id: str, *, environ: Mapping[str, str] = os.environ, timeout_s: float = TIMEOUT_S
) -> dict[str, str]:
    """Return the fields of a JSON secret. Raises SecretUnavailableError."""
    region = environ["AWS_REGION"]
    endpoint = (
        environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER")
        or environ.get("AWS_ENDPOINT_URL")
        or f"https://secretsmanager.{region}.amazonaws.com"
    )
    body = json.dumps({"SecretId": secret_id}).encode()
    try:
        headers = sigv4.sign_post(
            body,
            host=urlsplit(endpoint).netloc,
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": "secretsmanager.GetSecretValue",
            },
            service="secretsmanager",
            region=region,
            credentials=credentials.load(environ, timeout_s=timeout_s),
            at=datetime.now(UTC),
        )
        status, answer = _post(endpoint, body, headers=headers, timeout_s=timeout_s)
    except (OSError, http.client.HTTPException) as error:
        raise SecretUnavailableError(f"{secret_id}: {type(error).__name__}: {error}") from error
    if status != 200:
        raise SecretUnavailableError(f"{secret_id}: {status} {_complaint(answer)}")
    fields: dict[str, str] = json.loads(json.loads(answer)["SecretString"])
    return fields


def _post(endpoint: str, body: bytes, *, headers: dict[str, str], timeout_s: float) -> tuple[int, bytes]:
    address = urlsplit(endpoint)
    connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = connect(address.netloc, timeout=timeout_s)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _complaint(answer: bytes) -> str:
    try:
        document = json.loads(answer)
        return f"{document.get('__type', '')} {document.get('message') or document.get('Message', '')}".strip()
    except ValueError:
        return "an answer that is not JSON"
