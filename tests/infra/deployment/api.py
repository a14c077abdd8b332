"""What creating a resource takes: clients of one endpoint, the stack's tags, names that the engine makes, waiting.

Every request is kept as it was made, in the form in which recordings of the provider are compared with it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.infra.deployment.request import Request, sent

Answer = TypeVar("Answer")
# A release migrates a database: its function may take 300 s.
_CONFIG = Config(
    connect_timeout=10,
    read_timeout=400,
    max_pool_connections=40,
    retries={"max_attempts": 1, "mode": "standard"},
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True, kw_only=True)
class Created:
    """A resource that exists: its id, what the program may read of it, and how it is deleted."""

    id: str
    outputs: Mapping[str, Any]
    delete: Callable[[], object] = field(default=lambda: None)


class StillWaitingError(AssertionError):
    """A resource did not reach its state in time."""


class Api:
    """AWS at one endpoint, for one stack whose program stands in `folder`; safe for threads."""

    def __init__(self, endpoint: str, *, region: str, folder: Path, tags: Mapping[str, str]) -> None:
        self.region, self.folder, self._endpoint, self._tags = region, folder, endpoint, dict(tags)
        self.requests: list[Request] = []
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()

    def client(self, service: str) -> Any:
        """Return boto3's client of a service; what it is asked is kept in `requests`."""
        with self._lock:
            if service not in self._clients:
                client = boto3.client(
                    service,
                    endpoint_url=self._endpoint,
                    region_name=self.region,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                    config=_CONFIG,
                )
                client.meta.events.register_last(f"before-parameter-build.{service}", self._keep)
                self._clients[service] = client
            return self._clients[service]

    def log_in(self) -> str:
        """Ask who calls, as the provider does before anything else, and return the account."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def tags(self, key: str = "Key", value: str = "Value", **own: str) -> list[dict[str, str]]:
        """Return the stack's tags as a list, spelled as the service does; `own` are the resource's."""
        return [{key: name, value: text} for name, text in {**own, **self._tags}.items()]

    def tag_map(self) -> dict[str, str]:
        return dict(self._tags)

    def tag_specification(self, type_: str, **own: str) -> list[dict[str, Any]]:
        return [{"ResourceType": type_, "Tags": self.tags(**own)}]

    def archive(self, value: Any) -> bytes:
        """Return the bytes of a `FileArchive`, whose path is relative to the program."""
        return (self.folder / value.path).read_bytes()

    def _keep(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        request = sent(model, params)
        with self._lock:
            self.requests.append(request)


def unique(name: str) -> str:
    """Return the name that the engine makes for a resource whose program gives none."""
    return f"{name}-{secrets.token_hex(4)[:7]}"


def token() -> str:
    """Return a token of a request as the provider makes them, which becomes a secret's version."""
    return f"terraform-{time.strftime('%Y%m%d%H%M%S')}{secrets.randbelow(10**12):012}"


def until(ask: Callable[[], Answer], reached: Callable[[Answer], bool], *, seconds: float = 300) -> Answer:
    """Ask until the answer is as wanted. Raises StillWaitingError."""
    deadline = time.monotonic() + seconds
    while not reached(answer := ask()):
        if time.monotonic() > deadline:
            raise StillWaitingError(f"still {answer}")
        time.sleep(0.2)
    return answer


def gone(ask: Callable[[], object], *, seconds: float = 300) -> None:
    """Ask until the resource is not found."""
    until(lambda: _is_gone(ask), bool, seconds=seconds)


def _is_gone(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ClientError as error:
        if "NotFound" in error.response["Error"]["Code"] or error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return True
        raise
    return False


def given(inputs: Mapping[str, Any], **members: str) -> dict[str, Any]:
    """Return those inputs that there are, under the names that the request has for them."""
    return {member: inputs[name] for member, name in members.items() if inputs.get(name) is not None}


def pascal(node: Any) -> Any:
    """Return a value with the engine's names (`batchSize`) as most of AWS's APIs write them (`BatchSize`)."""
    if isinstance(node, Mapping):
        return {key[:1].upper() + key[1:]: pascal(value) for key, value in node.items()}
    return [pascal(each) for each in node] if isinstance(node, list) else node
