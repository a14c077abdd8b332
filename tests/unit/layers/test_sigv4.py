"""Our signatures beside botocore's."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from aws import sigv4
from aws.credentials import Credentials, load
from aws.passwords import database_password, rds_token
from postgres import DatabaseSettings

HOST = "secretsmanager.eu-west-1.amazonaws.com"
BODY = b'{"SecretId": "broker/orders_publisher"}'
HEADERS = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}


@pytest.mark.parametrize("token", [None, "session/token+with=odd characters"])
def test_a_signed_post_is_botocores(token: str | None) -> None:
    request = AWSRequest("POST", f"https://{HOST}/", data=BODY, headers=HEADERS)
    SigV4Auth(BotocoreCredentials("AKID", "secret", token), "secretsmanager", "eu-west-1").add_auth(request)
    at = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    ours = sigv4.sign(
        "POST",
        "/",
        BODY,
        host=HOST,
        headers=HEADERS,
        service="secretsmanager",
        region="eu-west-1",
        credentials=Credentials("AKID", "secret", token),
        at=at,
    )
    assert ours["authorization"] == request.headers["Authorization"]


@pytest.mark.parametrize("key", ["gateway/customers.json", "a b/ção+=&.json"])
@pytest.mark.parametrize(("method", "body"), [("PUT", b"{}"), ("HEAD", b"")])
def test_a_signed_object_of_s3_is_botocores(method: str, body: bytes, key: str) -> None:
    host, path = "orders.s3.eu-west-1.amazonaws.com", f"/{quote(key)}"
    headers = {"content-type": "application/json", "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
    request = AWSRequest(method, f"https://{host}{path}", data=body, headers=headers)
    S3SigV4Auth(BotocoreCredentials("AKID", "secret", "token"), "s3", "eu-west-1").add_auth(request)
    at = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    ours = sigv4.sign(
        method,
        path,
        body,
        host=host,
        headers=headers,
        service="s3",
        region="eu-west-1",
        credentials=Credentials("AKID", "secret", "token"),
        at=at,
    )
    assert ours["authorization"] == request.headers["Authorization"]


def test_an_rds_token_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = DatabaseSettings(
        database_host="orders.proxy-abc.eu-west-1.rds.amazonaws.com",
        database_port=5432,
        database_name="orders",
        database_user="create_order",
        database_auth="iam",
        database_sslmode="verify-full",
    )
    environ = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "a/b+c=",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("rds", region_name="eu-west-1")
    for _ in range(3):  # the second may turn between the two
        ours = rds_token(settings, environ)
        theirs = client.generate_db_auth_token(
            settings.database_host, settings.database_port, "create_order", "eu-west-1"
        )
        if sorted(ours.split("&")) == sorted(theirs.split("&")):
            break
    assert sorted(ours.split("&")) == sorted(theirs.split("&"))
    assert database_password(settings, environ)().startswith("orders.proxy-abc")


def test_credentials_never_show_their_secret() -> None:
    credentials = load({"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hidden", "AWS_SESSION_TOKEN": "hidden"})
    assert "hidden" not in repr(credentials)
