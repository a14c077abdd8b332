"""What to log in with: an IAM token for RDS, or the password in a secret.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html: a token is valid for 15 minutes,
is checked only at connect, and is signed for exactly the host that is connected to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from aws import credentials, sigv4
from aws.secrets_manager import get_secret

TOKEN_LIFETIME_S = 900

PasswordSource = Callable[[], str]
# Gets the seconds that it may take.
CredentialsSource = Callable[[float], tuple[str, str]]


class DatabaseLogin(Protocol):
    """What of a function's database settings decides how to log in."""

    @property
    def database_host(self) -> str: ...
    @property
    def database_port(self) -> int: ...
    @property
    def database_user(self) -> str: ...
    @property
    def database_auth(self) -> str: ...
    @property
    def database_secret_id(self) -> str | None: ...


def database_password(settings: DatabaseLogin, environ: Mapping[str, str] = os.environ) -> PasswordSource:
    """Return what gives the password at each connect. ValueError for an unknown or incomplete `database_auth`."""
    if settings.database_auth == "iam":
        return lambda: rds_token(settings, environ)
    if settings.database_auth == "secret" and settings.database_secret_id:
        secret_id = settings.database_secret_id
        return lambda: get_secret(secret_id, environ=environ)["password"]
    raise ValueError("DATABASE_AUTH is 'iam', or 'secret' together with DATABASE_SECRET_ID")


def broker_credentials(secret_id: str, environ: Mapping[str, str] = os.environ) -> CredentialsSource:
    """Return what gives user name and password of a broker's user at each connect."""

    def credentials_within(timeout_s: float) -> tuple[str, str]:
        secret = get_secret(secret_id, environ=environ, timeout_s=timeout_s)
        return secret["username"], secret["password"]

    return credentials_within


def rds_token(settings: DatabaseLogin, environ: Mapping[str, str] = os.environ) -> str:
    """An RDS authentication token for this host and user."""
    return sigv4.presign_get(
        f"{settings.database_host}:{settings.database_port}",
        {"Action": "connect", "DBUser": settings.database_user},
        service="rds-db",
        region=environ["AWS_REGION"],
        credentials=credentials.load(environ),
        at=datetime.now(UTC),
        expires_s=TOKEN_LIFETIME_S,
    )
