"""Secrets Manager's GetSecretValue, signed and sent with the standard library.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html. Honours AWS_ENDPOINT_URL and
AWS_ENDPOINT_URL_SECRETS_MANAGER as the SDKs do. Neither logs nor raises anything that holds a secret's value. The
time-out is for the whole call: name resolution knows none, and for http.client it starts anew with every byte.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aws import credentials, sigv4

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
    call = _Call(secret_id, endpoint=endpoint, region=region, environ=environ, timeout_s=timeout_s)
    try:
        status, answer = call.result()
    except (OSError, http.client.HTTPException) as error:
        raise SecretUnavailableError(f"{secret_id}: {type(error).__name__}: {error}") from error
    if status != 200:
        raise SecretUnavailableError(f"{secret_id}: {status} {_complaint(answer)}")
    return _fields(secret_id, answer)


class _Call:
    """One signed request in a thread of its own, which is left to itself when the time is over."""

    def __init__(
        self, secret_id: str, *, endpoint: str, region: str, environ: Mapping[str, str], timeout_s: float
    ) -> None:
        self._endpoint = endpoint
        self._region = region
        self._environ = environ
        self._timeout_s = timeout_s
        self._body = json.dumps({"SecretId": secret_id}).encode()
        address = urlsplit(endpoint)
        connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = connect(address.netloc, timeout=timeout_s)
        self._result: tuple[int, bytes] | Exception | None = None

    def result(self) -> tuple[int, bytes]:
        """Status and body. Raises what the request raised, TimeoutError when the time is over."""
        thread = threading.Thread(target=self._run, name="get-secret", daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        if self._result is None:
            self._hang_up()
            raise TimeoutError(f"no answer within {self._timeout_s:.3f} s")
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def _run(self) -> None:
        try:
            self._connection.request("POST", "/", self._body, self._headers())
            answer = self._connection.getresponse()
            self._result = answer.status, answer.read()
        except Exception as error:  # for the caller, or for nobody when it has left
            self._result = error
        finally:
            self._connection.close()

    def _headers(self) -> dict[str, str]:
        return sigv4.sign_post(
            self._body,
            host=urlsplit(self._endpoint).netloc,
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": "secretsmanager.GetSecretValue",
            },
            service="secretsmanager",
            region=self._region,
            credentials=credentials.load(self._environ, timeout_s=self._timeout_s),
            at=datetime.now(UTC),
        )

    def _hang_up(self) -> None:
        """End the stream under the thread; closing would wait for its read."""
        stream = self._connection.sock
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.shutdown(socket.SHUT_RDWR)


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
