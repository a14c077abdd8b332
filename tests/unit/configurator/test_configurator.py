"""What stands beside Kong: which customers it posts, when it posts them, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import configurator
from configurator import S3, ConfigurationError, Configurator, Log, Settings, consumer, consumers_of

ENVIRON = {
    "DECLARATIVE_CONFIG": '{"_format_version": "3.0", "routes": []}',
    "CUSTOMERS_BUCKET": "prod-customers",
    "CUSTOMERS_KEY": "gateway/customers.json",
    "POLL_SECONDS": "2",
    "KONG_ADMIN_URL": "http://127.0.0.1:8001/",
    "AWS_REGION": "eu-west-1",
    "SERVICE": "prod-kong-configurator",
}
OWN = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}


def customers(revision: int, *names: str) -> bytes:
    return json.dumps({"format": 1, "revision": revision, "customers": [[name, 7, ["00"]] for name in names]}).encode()


class Bucket:
    """The object as S3 has it; `failure` is raised instead."""

    def __init__(self) -> None:
        self.held: tuple[bytes, str] | None = None
        self.failure: Exception | None = None

    def get(self, key: str, *, unless_etag: str | None) -> tuple[bytes, str] | None:
        assert key == ENVIRON["CUSTOMERS_KEY"]
        if self.failure is not None:
            raise self.failure
        if self.held is None:
            raise ConfigurationError("S3 answers 404")
        return None if self.held[1] == unless_etag else self.held


class Kong:
    """What it was configured with; `forget` is a restart."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.has_any = False
        self.failure: Exception | None = None

    def is_configured(self) -> bool:
        return self.has_any

    def configure(self, declarative_config: Mapping[str, Any]) -> None:
        if self.failure is not None:
            raise self.failure
        self.posted.append(dict(declarative_config))
        self.has_any = True

    def names(self) -> list[str]:
        return [each["username"] for each in self.posted[-1]["consumers"]]


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def kong() -> Kong:
    return Kong()


@pytest.fixture
def beside(bucket: Bucket, kong: Kong) -> Configurator:
    return Configurator(Settings.of(ENVIRON), bucket, kong)  # type: ignore[arg-type]


def test_a_customer_is_a_consumer_whose_id_is_its_name_with_a_limit_of_its_own() -> None:
    made = consumer("acme", 7, ["aa", "bb"])
    (limit,) = made.pop("plugins")
    keys = [{"key": "aa"}, {"key": "bb"}]
    assert made == {"username": "acme", "custom_id": "acme", "keyauth_credentials": keys}
    assert (limit["name"], limit["config"]["second"], limit["config"]["limit_by"]) == ("rate-limiting", 7, "consumer")


def test_without_customers_kong_gets_nothing_and_is_not_ready(beside: Configurator, kong: Kong) -> None:
    with pytest.raises(ConfigurationError, match="404"):
        beside.read()
    assert beside.apply() is False
    assert kong.posted == []


def test_routes_and_customers_are_posted_together_and_once(beside: Configurator, bucket: Bucket, kong: Kong) -> None:
    bucket.held = (customers(1, "acme"), '"1"')
    for _ in range(3):
        beside.read()
        beside.apply()
    assert kong.posted == [{"_format_version": "3.0", "routes": [], "consumers": [consumer("acme", 7, ["00"])]}]


def test_a_change_is_posted_and_a_kong_that_was_started_anew_gets_all_again(
    beside: Configurator, bucket: Bucket, kong: Kong
) -> None:
    bucket.held = (customers(1, "acme"), '"1"')
    beside.read()
    assert beside.apply()
    bucket.held = (customers(2, "acme", "new"), '"2"')
    beside.read()
    assert beside.apply()
    assert kong.names() == ["acme", "new"]
    kong.has_any = False
    assert beside.apply()
    assert len(kong.posted) == 3


def test_while_s3_is_away_a_new_kong_gets_what_was_read_last(beside: Configurator, bucket: Bucket, kong: Kong) -> None:
    bucket.held = (customers(1, "acme"), '"1"')
    beside.read()
    beside.apply()
    bucket.failure, kong.has_any = OSError("away"), False
    with pytest.raises(OSError, match="away"):
        beside.read()
    assert beside.apply()
    assert kong.names() == ["acme"]


def test_an_older_object_that_a_late_write_left_is_not_taken(beside: Configurator, bucket: Bucket, kong: Kong) -> None:
    bucket.held = (customers(5, "acme", "new"), '"5"')
    beside.read()
    beside.apply()
    bucket.held = (customers(4, "acme"), '"4"')
    with pytest.raises(ConfigurationError, match="has the revision 4, older"):
        beside.read()
    assert beside.apply() is False
    assert kong.names() == ["acme", "new"]


def test_what_kong_refuses_is_posted_again(beside: Configurator, bucket: Bucket, kong: Kong) -> None:
    bucket.held, kong.failure = (customers(1, "acme"), '"1"'), ConfigurationError("Kong answers 429")
    beside.read()
    with pytest.raises(ConfigurationError):
        beside.apply()
    kong.failure = None
    assert beside.apply()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "is not JSON"),
        (b'{"format": 2}', "has format 2, this is for 1"),
        (b"[]", "cannot be read: TypeError"),
        (b'{"format": 1, "revision": 1, "customers": [["a"]]}', "cannot be read: ValueError"),
        (b'{"format": 1, "customers": []}', "cannot be read: KeyError"),
    ],
)
def test_an_object_that_cannot_be_read_changes_nothing(
    beside: Configurator, bucket: Bucket, kong: Kong, body: bytes, reason: str
) -> None:
    bucket.held = (customers(1, "acme"), '"1"')
    beside.read()
    beside.apply()
    bucket.held = (body, '"2"')
    with pytest.raises(ConfigurationError, match=reason):
        beside.read()
    assert beside.apply() is False
    assert kong.names() == ["acme"]


def test_consumers_have_the_objects_revision() -> None:
    assert consumers_of(json.loads(customers(9, "acme")))[0] == 9


@pytest.mark.parametrize("token", [None, "session/token+with=odd characters"])
def test_the_question_for_the_object_is_signed_as_botocore_signs_it(
    monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def request(method: str, url: str, headers: Mapping[str, str], **_: Any) -> tuple[int, dict[str, str], bytes]:
        if url.startswith(configurator.CREDENTIALS_HOST):
            found = {
                "AccessKeyId": "AKID",
                "SecretAccessKey": "secret",
                "Token": token,
                "Expiration": "2099-01-01T00:00:00Z",
            }
            return 200, {}, json.dumps(found).encode()
        assert method == "GET"
        asked.append((url, dict(headers)))
        return 200, {"ETag": '"1"'}, b"{}"

    monkeypatch.setattr(configurator, "_request", request)
    of_task = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials"}
    s3 = S3(Settings.of(ENVIRON), OWN if token is None else of_task)
    assert s3.get("gateway/a b.json", unless_etag='"0"') == (b"{}", '"1"')

    ((url, headers),) = asked
    assert url == "https://prod-customers.s3.eu-west-1.amazonaws.com/gateway/a%20b.json"
    assert headers["If-None-Match"] == '"0"'
    at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs((at - datetime.now(UTC)).total_seconds()) < 60
    theirs = AWSRequest("GET", url, headers={"x-amz-content-sha256": headers["x-amz-content-sha256"]})
    theirs.context["timestamp"] = headers["x-amz-date"]
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: at.replace(tzinfo=None), raising=False)
    S3SigV4Auth(Credentials("AKID", "secret", token), "s3", "eu-west-1").add_auth(theirs)
    assert headers["authorization"] == theirs.headers["Authorization"]


def test_a_failure_is_said_once_until_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log("service")
    for _ in range(3):
        log.failed("customers", OSError("no route"))
    log.failed("customers", OSError("refused"))
    log.worked("customers")
    log.worked("customers")
    said = [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]
    assert said == ["customers: no route; tried again", "customers: refused; tried again", "customers: works again"]


def test_failures_are_a_metric_of_each_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(configurator.time, "monotonic", lambda: now)
    log = Log("prod-kong-configurator")
    log.failed("Kong", OSError("refused"))
    log.write_metric()
    now = 61.0
    log.write_metric()
    now = 122.0
    log.write_metric()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["GatewayConfigurationFailures"] for line in lines] == [1, 0]
    (directive,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("ServerlessOrders", [["service"]])
    assert lines[0]["service"] == "prod-kong-configurator"


def test_an_environment_that_lacks_something_ends_it_with_the_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ENVIRON:
        monkeypatch.delenv(name, raising=False)
    assert configurator.main() == 1
    assert "DECLARATIVE_CONFIG" in capsys.readouterr().err
