"""`python kong/configurator.py`: keeps a Kong without a database configured: its routes, and the customers in S3.

Runs beside Kong and needs nothing but the standard library: in AWS, a container of the same Fargate task gets this file
in a variable, which is why it is one file. Routes and plugins are `DECLARATIVE_CONFIG` (kong.yml as the stack fills it
in), consumers are made of the object `s3://CUSTOMERS_BUCKET/CUSTOMERS_KEY`, which holds hashes of keys and no key.
Every `POLL_SECONDS` it asks for it with the ETag of the last one, and posts what is new to Kong's Admin API
(`KONG_ADMIN_URL`).

A Kong that has no customers yet gets nothing: it is not ready, and no client meets it. One that has them keeps them
while S3 is away. What fails is said on a line of the log and counted as a metric, and tried again.
"""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

TIMEOUT_S = 5.0
# Kong loads a configuration before it answers, which may take seconds for ten thousand customers.
CONFIGURE_TIMEOUT_S = 60.0
# What Kong's status says when it has no configuration (DECLARATIVE_EMPTY_CONFIG_HASH in Kong's source).
UNCONFIGURED = "0" * 32
# Kong itself is next door and asked more often: one that was started anew has nothing.
KONG_POLL_S = 0.5
METRIC_S = 60.0
FORMAT = 1
NAMESPACE = "ServerlessOrders"


class ConfigurationError(Exception):
    """What was asked for did not come, or is not what it should be; says what."""


@dataclass(frozen=True)
class Settings:
    """The environment of the container."""

    declarative_config: dict[str, Any]
    bucket: str
    key: str
    poll_s: float
    admin_url: str
    region: str
    service: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises KeyError and ValueError."""
        return cls(
            declarative_config=json.loads(environ["DECLARATIVE_CONFIG"]),
            bucket=environ["CUSTOMERS_BUCKET"],
            key=environ["CUSTOMERS_KEY"],
            poll_s=float(environ["POLL_SECONDS"]),
            admin_url=environ["KONG_ADMIN_URL"].rstrip("/"),
            region=environ["AWS_REGION"],
            service=environ["SERVICE"],
        )


@dataclass
class Customers:
    """The newest object that was read: its ETag, its revision, and Kong's consumers made of it."""

    etag: str | None = None
    revision: int = -1
    consumers: list[dict[str, Any]] = field(default_factory=list)


def consumer(name: str, requests_per_second: int, key_hashes: list[str]) -> dict[str, Any]:
    """Return a customer as Kong's entity: the name is the id that orders carry, a key is the hex SHA-256 of one.

    `pre-function` in kong.yml hashes a request's key before key-auth looks for it. The limit counts all routes
    together, in each of Kong's nodes by itself: a shared store would be one more part that can fail.
    """
    limit = {
        "limit_by": "consumer",
        "second": requests_per_second,
        "policy": "local",
        "fault_tolerant": True,
        "hide_client_headers": False,
    }
    return {
        "username": name,
        "custom_id": name,
        "keyauth_credentials": [{"key": key_hash} for key_hash in key_hashes],
        "plugins": [{"name": "rate-limiting", "config": limit}],
    }


def consumers_of(document: Any) -> tuple[int, list[dict[str, Any]]]:
    """Return the object's revision and its customers as Kong's consumers. Raises ConfigurationError."""
    try:
        if document["format"] != FORMAT:
            raise ConfigurationError(f"the customers' object has format {document['format']!r}, this is for {FORMAT}")
        listed = [consumer(name, int(limit), list(hashes)) for name, limit, hashes in document["customers"]]
        return int(document["revision"]), listed
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"the customers' object cannot be read: {type(error).__name__}") from error


@dataclass(frozen=True)
class Credentials:
    """Of the task's role; `expires` is a time since 1970, None for those of the environment."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str | None = field(repr=False, default=None)
    expires: float | None = None


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
CREDENTIALS_HOST = "http://169.254.170.2"
RENEWED_BEFORE_S = 300.0


class S3:
    """GetObject, signed as https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html says."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._region = settings.region
        self._environ = environ
        self._credentials: Credentials | None = None
        endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
        host = f"https://{settings.bucket}.s3.{settings.region}.amazonaws.com"
        self._url = f"{endpoint.rstrip('/')}/{settings.bucket}" if endpoint else host

    def get(self, key: str, *, unless_etag: str | None) -> tuple[bytes, str] | None:
        """Return the object and its ETag, None where it is still that one. Raises ConfigurationError and OSError."""
        url = f"{self._url}/{quote(key)}"
        headers = self._signed(url, datetime.datetime.now(datetime.UTC))
        if unless_etag is not None:
            headers["If-None-Match"] = unless_etag
        status, answered, body = _request("GET", url, headers)
        if status == http.HTTPStatus.NOT_MODIFIED:
            return None
        if status != http.HTTPStatus.OK:
            raise ConfigurationError(f"S3 answers {status} to {key}: {_beginning(body)}")
        return body, next((value for name, value in answered.items() if name.lower() == "etag"), "")

    def _signed(self, url: str, at: datetime.datetime) -> dict[str, str]:
        credentials = self._current_credentials(at.timestamp())
        parts, payload = urlsplit(url), hashlib.sha256(b"").hexdigest()
        signed = {"host": parts.netloc, "x-amz-content-sha256": payload, "x-amz-date": f"{at:%Y%m%dT%H%M%SZ}"}
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = f"GET\n{parts.path}\n\n{lines}\n{names}\n{payload}"
        scope = f"{at:%Y%m%d}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{signed['x-amz-date']}\n{scope}\n{digest}"
        key = f"AWS4{credentials.secret_access_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        who = f"Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**signed, "authorization": f"AWS4-HMAC-SHA256 {who}"}

    def _current_credentials(self, now: float) -> Credentials:
        known = self._credentials
        if known is None or (known.expires is not None and known.expires - RENEWED_BEFORE_S < now):
            known = self._credentials = self._load()
        return known

    def _load(self) -> Credentials:
        environ = self._environ
        if "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" not in environ:
            return Credentials(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"])
        status, _, body = _request("GET", CREDENTIALS_HOST + environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], {})
        if status != http.HTTPStatus.OK:
            raise ConfigurationError(f"the task's credentials: {status}")
        found = json.loads(body)
        expires = datetime.datetime.fromisoformat(found["Expiration"]).timestamp()
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], expires)


class Kong:
    """Kong's Admin API, as far as a configuration needs it."""

    def __init__(self, admin_url: str) -> None:
        self._url = admin_url

    def is_configured(self) -> bool:
        """Raises ConfigurationError and OSError."""
        status, _, body = _request("GET", f"{self._url}/status", {})
        if status != http.HTTPStatus.OK:
            raise ConfigurationError(f"Kong answers {status} when asked for its status")
        return str(json.loads(body).get("configuration_hash", UNCONFIGURED)) != UNCONFIGURED

    def configure(self, declarative_config: Mapping[str, Any]) -> None:
        """Replace the whole configuration; requests that run end with the former one. Raises as `is_configured`."""
        body, headers = json.dumps(declarative_config).encode(), {"Content-Type": "application/json"}
        url, timeout_s = f"{self._url}/config", CONFIGURE_TIMEOUT_S
        status, _, answer = _request("POST", url, headers, body, timeout_s=timeout_s)
        if status not in (http.HTTPStatus.OK, http.HTTPStatus.CREATED, http.HTTPStatus.NOT_MODIFIED):
            raise ConfigurationError(f"Kong answers {status} to its configuration: {_beginning(answer)}")


class Configurator:
    """What is known of S3 and Kong, and the next thing to do about them."""

    def __init__(self, settings: Settings, s3: S3, kong: Kong) -> None:
        self._settings = settings
        self._s3 = s3
        self._kong = kong
        self._customers = Customers()
        self._is_applied = False

    def read(self) -> None:
        """Ask for the customers' object, and take it if it is new. Raises ConfigurationError and OSError."""
        found = self._s3.get(self._settings.key, unless_etag=self._customers.etag)
        if found is None:
            return
        body, etag = found
        revision, consumers = consumers_of(_parsed(body))
        # A write that was late may put an older object over a newer one, until the newer one is written again.
        if revision < self._customers.revision:
            raise ConfigurationError(f"the customers' object has the revision {revision}, older than the known one")
        self._is_applied = self._is_applied and revision == self._customers.revision
        self._customers = Customers(etag, revision, consumers)

    def apply(self) -> bool:
        """Configure a Kong that has something older or nothing; True if it did. Raises as `read`."""
        if self._customers.etag is None or (self._is_applied and self._kong.is_configured()):
            return False
        self._is_applied = False
        self._kong.configure({**self._settings.declarative_config, "consumers": self._customers.consumers})
        self._is_applied = True
        return True

    def described(self) -> str:
        return f"revision {self._customers.revision}, {len(self._customers.consumers)} customers"


class Log:
    """Lines of the container's log: a failure once, until it is another one or over; each minute a metric."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._said: dict[str, str] = {}
        self._failures = 0
        self._written_at = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ} {text}", flush=True)  # noqa: T201

    def failed(self, what: str, error: Exception) -> None:
        self._failures += 1
        text = str(error) or type(error).__name__
        if self._said.get(what) != text:
            self._said[what] = text
            self.say(f"{what}: {text}; tried again")

    def worked(self, what: str) -> None:
        if self._said.pop(what, None) is not None:
            self.say(f"{what}: works again")

    def write_metric(self) -> None:
        """Write the failures of the last minute, in CloudWatch's embedded metric format, when it is over."""
        if time.monotonic() - self._written_at < METRIC_S:
            return
        metric = {"Name": "GatewayConfigurationFailures", "Unit": "Count"}
        described = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": [metric]}
        directives = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
        line = {"_aws": directives, "service": self._service, "GatewayConfigurationFailures": self._failures}
        print(json.dumps(line), flush=True)  # noqa: T201
        self._failures, self._written_at = 0, time.monotonic()


def run(configurator: Configurator, log: Log, *, poll_s: float) -> None:
    """Keep Kong configured, until SIGTERM."""
    read_at = -poll_s
    while True:
        now = time.monotonic()
        if now - read_at >= poll_s and _try(log, "customers", configurator.read):
            read_at = now
        if _try(log, "Kong", configurator.apply):
            log.say(f"configured: {configurator.described()}")
        log.write_metric()
        time.sleep(KONG_POLL_S)


def _try(log: Log, what: str, step: Any) -> bool:
    """Return whether the step did something; what it fails with is logged."""
    try:
        result = step()
    except (ConfigurationError, OSError, http.client.HTTPException, ValueError, KeyError, AttributeError) as error:
        log.failed(what, error)
        return False
    log.worked(what)
    return result is not False


def _request(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, *, timeout_s: float = TIMEOUT_S
) -> tuple[int, Mapping[str, str], bytes]:
    """Return status, headers and body, whatever the status. Raises OSError."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)  # noqa: S310 (the settings')
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), _read(answer, timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), _read(error, timeout_s)


def _read(answer: Any, timeout_s: float) -> bytes:
    """Return the whole body, within the time: the socket's own time-out is for each piece. Raises TimeoutError."""
    pieces, deadline = [], time.monotonic() + timeout_s
    while piece := answer.read1(1 << 16):
        pieces.append(piece)
        if time.monotonic() > deadline:
            raise TimeoutError(f"the answer takes longer than {timeout_s:g} s")
    return b"".join(pieces)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ConfigurationError("the customers' object is not JSON") from error


def _beginning(body: bytes) -> str:
    return body[:300].decode(errors="replace")


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings.of(os.environ)
    except (KeyError, ValueError) as error:
        print(f"the configurator cannot run, its environment lacks: {error}", file=sys.stderr)  # noqa: T201
        return 1
    configurator = Configurator(settings, S3(settings, os.environ), Kong(settings.admin_url))
    run(configurator, Log(settings.service), poll_s=settings.poll_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
