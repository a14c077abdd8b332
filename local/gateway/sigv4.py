"""Sign an Invoke call with AWS Signature Version 4, with exactly the headers that Kong signs.

Protocol: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Leaves out temporary credentials: a session token has no place in a configuration file.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

_SIGNED = ("content-length", "host", "x-amz-date", "x-amz-invocation-type", "x-amz-log-type")


@dataclass(frozen=True, kw_only=True)
class Credentials:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str


def authorization(
    credentials: Credentials, *, path: str, query: str, headers: dict[str, str], payload: bytes, amz_date: str
) -> str:
    """Return the Authorization header; `headers` has the signed ones under their lower-case names."""
    date = amz_date[:8]
    scope = f"{date}/{credentials.region}/lambda/aws4_request"
    canonical_headers = "".join(f"{name}:{headers[name]}\n" for name in _SIGNED)
    signed = ";".join(_SIGNED)
    request = "\n".join(
        ("POST", quote(path, safe="/~%"), query, canonical_headers, signed, hashlib.sha256(payload).hexdigest())
    )
    to_sign = "\n".join(("AWS4-HMAC-SHA256", amz_date, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = _signing_key(credentials.secret_access_key, date, credentials.region)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}"
    )


@lru_cache(maxsize=8)
def _signing_key(secret: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, "lambda", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
