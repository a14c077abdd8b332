"""A third opinion on our signatures: moto's server, which knows botocore's side of the wire, checks what it is sent.

By default moto checks nothing; its authorisation is switched on once users, roles and a secret are there. It runs in a
process of its own, since it replaces parts of botocore where it is imported. It cannot check a presigned request, so an
RDS token has botocore's opinion only (`tests/unit/layers/test_sigv4.py`).
"""

from __future__ import annotations

import http.client
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from aws import get_secret, sigv4
from aws.credentials import Credentials
from aws.secrets_manager import SecretUnavailableError
from localregion.services.ports import free_ports
from localregion.services.process import Command
from localregion.testing.services import Service

REGION = "eu-west-1"
SECRET_ID = "broker/orders_publisher"
SECRET = {"username": "orders_publisher", "password": "héslo/+="}
HEADERS = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}
BODY = json.dumps({"SecretId": SECRET_ID}).encode()
MAY_READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True, kw_only=True)
class Moto:
    """A server with its authorisation on, and those it knows."""

    port: int
    user: Credentials
    role: Credentials
    without_rights: Credentials

    def secret(self, credentials: Credentials) -> dict[str, str]:
        """What a function with these credentials gets."""
        environ = {
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        }
        if credentials.session_token is not None:
            environ["AWS_SESSION_TOKEN"] = credentials.session_token
        return get_secret(SECRET_ID, environ=environ, timeout_s=10.0)

    def signed(self, credentials: Credentials) -> dict[str, str]:
        """The headers of a good call, to be spoilt."""
        return sigv4.sign(
            "POST",
            "/",
            BODY,
            host=f"127.0.0.1:{self.port}",
            headers=HEADERS,
            service="secretsmanager",
            region=REGION,
            credentials=credentials,
            at=datetime.now(UTC),
        )

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Status and body of the answer to a call."""
        return ask(self.port, "POST", "/", body, headers)


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    (port,) = free_ports(1)
    argv = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    log = tmp_path_factory.mktemp("moto") / "log"
    server = Service(
        "moto", lambda: Command(argv=argv, cwd=log.parent, environment={}), lambda: is_listening(port), log
    )
    server.start()
    try:
        yield prepared(port)
    finally:
        server.stop()


def ask(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10.0)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def is_listening(port: int) -> bool:
    try:
        return ask(port, "GET", "/moto-api/data.json", b"", {})[0] == 200
    except OSError:
        return False


def prepared(port: int) -> Moto:
    """Make the secret and those who ask for it, then switch the authorisation on."""
    client("secretsmanager", port).create_secret(Name=SECRET_ID, SecretString=json.dumps(SECRET))
    iam = client("iam", port)
    moto = Moto(
        port=port, user=user(iam, "user", MAY_READ), role=role(iam, port), without_rights=user(iam, "other", None)
    )
    assert ask(port, "POST", "/moto-api/reset-auth", b"0", {})[0] == 200
    return moto


def client(service: str, port: int) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="setup",
        aws_secret_access_key="setup",
    )


def user(iam: Any, name: str, policy: dict[str, Any] | None) -> Credentials:
    iam.create_user(UserName=name)
    if policy is not None:
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def role(iam: Any, port: int) -> Credentials:
    """What Lambda gives a function: temporary credentials with a session token."""
    arn = iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="role", PolicyName="rights", PolicyDocument=json.dumps(MAY_READ))
    given = client("sts", port).assume_role(RoleArn=arn, RoleSessionName="function")["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def refused(moto: Moto, credentials: Credentials) -> str:
    """Why these credentials get no secret: moto says it in XML, so `get_secret` only knows the status."""
    with pytest.raises(SecretUnavailableError, match=f"{SECRET_ID}: 403"):
        moto.secret(credentials)
    return code(moto.post(BODY, moto.signed(credentials)))


def code(answer: tuple[int, str]) -> str:
    """The error's code in a refusal."""
    status, body = answer
    found = re.search(r"<Code>(\w+)</Code>", body)
    assert status == 403, body
    assert found, body
    return found[1]


def test_a_good_call_is_answered(moto: Moto) -> None:
    assert moto.secret(moto.user) == SECRET
    assert moto.secret(moto.role) == SECRET


@pytest.mark.parametrize("who", ["user", "role"])
def test_a_wrong_secret_key_is_refused(moto: Moto, who: str) -> None:
    credentials: Credentials = getattr(moto, who)
    wrong = replace(credentials, secret_access_key=credentials.secret_access_key[::-1])
    assert refused(moto, wrong) == "SignatureDoesNotMatch"


def test_an_unknown_key_and_another_session_are_refused(moto: Moto) -> None:
    assert refused(moto, replace(moto.user, access_key_id="AKIAUNKNOWN")) == "InvalidClientTokenId"
    assert refused(moto, replace(moto.role, session_token="another")) == "InvalidClientTokenId"


def test_a_good_signature_gives_no_right(moto: Moto) -> None:
    assert refused(moto, moto.without_rights) == "AccessDenied"


@pytest.mark.parametrize("who", ["user", "role"])
def test_a_changed_request_is_refused(moto: Moto, who: str) -> None:
    signed = moto.signed(getattr(moto, who))
    status, answer = moto.post(BODY, signed)
    assert (status, json.loads(json.loads(answer)["SecretString"])) == (200, SECRET)

    changes: dict[str, tuple[bytes, dict[str, str]]] = {
        "body": (BODY.replace(b"orders", b"Orders"), {}),
        "time": (BODY, {"x-amz-date": "20200101T000000Z"}),
        "content type": (BODY, {"content-type": "application/x-amz-json-1.0"}),
        "host": (BODY, {"host": f"secretsmanager.{REGION}.amazonaws.com"}),
        "region": (BODY, {"authorization": signed["authorization"].replace(REGION, "us-east-1")}),
    }
    codes = {what: code(moto.post(body, signed | headers)) for what, (body, headers) in changes.items()}
    assert codes == dict.fromkeys(changes, "SignatureDoesNotMatch")
