"""Pure: what makes the administrators of Postgres and RabbitMQ when their containers first start, without a password.

Both servers get a salted hash. Postgres' administrator has the rights of RDS's master user: CREATEROLE and CREATEDB, no
superuser, so a migration that works here works there. SCRAM-SHA-256 is RFC 5803 in PostgreSQL's form
(https://www.postgresql.org/docs/current/catalog-pg-authid.html).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from localregion.services.rabbitmq import password_hash

_ITERATIONS = 4096


def administrator_sql(*, database: str, user: str, password: str, salt: bytes) -> str:
    """Return the script for the image's `/docker-entrypoint-initdb.d`, which runs once, in an empty cluster."""
    role, verifier = _identifier(user), scram_sha_256(password, salt=salt)
    return (
        f"CREATE ROLE {role} LOGIN CREATEROLE CREATEDB NOSUPERUSER PASSWORD '{verifier}';\n"
        f"GRANT pg_monitor, pg_signal_backend TO {role} WITH ADMIN OPTION;\n"
        f"CREATE DATABASE {_identifier(database)} OWNER {role};\n"
    )


def scram_sha_256(password: str, *, salt: bytes) -> str:
    """Return the verifier that PostgreSQL stores for a password of ASCII characters."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored_key = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    return f"SCRAM-SHA-256${_ITERATIONS}:{_base64(salt)}${_base64(stored_key)}:{_base64(_hmac(salted, b'Server Key'))}"


def administrator_definitions(*, user: str, password: str, salt: bytes) -> dict[str, Any]:
    """Return the definitions (https://www.rabbitmq.com/docs/definitions) that are imported at every start.

    With them there is no `guest`; exchanges, queues and least-privilege users are left to `release`.
    """
    return {
        "users": [
            {
                "name": user,
                "password_hash": password_hash(password, salt=salt),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "administrator",
            }
        ],
        "vhosts": [{"name": "/"}],
        "permissions": [{"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
    }


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
