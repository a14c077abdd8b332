"""Sign an Invoke call with AWS Signature Version 4, with exactly the headers that Kong signs.

Protocol: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Temporary credentials, which only the environment can hold, have their session token signed as well.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

_SIGNED = ("content-length", "host", "x-amz-date", "x-amz-invocation-type", "x-amz-log-type")
SESSION_HEADER = "X-Amz-Security-Token"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    session_token: str | None = field(repr=False, default=None)


def authorization(
    credentials: Credentials, *, path: str, query: str, headers: dict[str, str], payload: bytes, amz_date: str
) -> str:
    """Return the Authorization header; `headers` has the signed ones under their lower-case names."""
    date = amz_date[:8]
    scope = f"{date}/{credentials.region}/lambda/aws4_request"
    names = [*_SIGNED, SESSION_HEADER.lower()] if credentials.session_token else list(_SIGNED)
    canonical_headers = "".join(f"{name}:{headers[name]}\n" for name in names)
    signed = ";".join(names)
    request = "\n".join(
        ("POST", _canonical_path(path), query, canonical_headers, signed, hashlib.sha256(payload).hexdigest())
    )
    to_sign = "\n".join(("AWS4-HMAC-SHA256", amz_date, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = _signing_key(credentials.secret_access_key, date, credentials.region)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}"
    )


@lru_cache(maxsize=64)
def _canonical_path(path: str) -> str:
    return quote(path, safe="/~%")


@lru_cache(maxsize=8)
def _signing_key(secret: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, "lambda", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
