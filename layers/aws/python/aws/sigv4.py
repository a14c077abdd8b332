"""AWS Signature Version 4, as far as it is needed: signed requests without a query, a presigned GET for an RDS token.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from aws.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"


def sign(
    method: str,
    path: str,
    body: bytes,
    *,
    host: str,
    headers: Mapping[str, str],
    service: str,
    region: str,
    credentials: Credentials,
    at: datetime,
) -> dict[str, str]:
    """Return the headers of a request with this body, signed. `headers` have lower-case names, `path` is quoted."""
    signed = {**headers, "host": host, "x-amz-date": at.strftime("%Y%m%dT%H%M%SZ")}
    if credentials.session_token:
        signed["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(signed))
    canonical = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"{method}\n{path}\n\n{canonical}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{at:%Y%m%d}/{region}/{service}/aws4_request"
    signature = _signature(request, scope=scope, credentials=credentials, at=at)
    signed["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


def presign_get(
    host: str,
    query: Mapping[str, str],
    *,
    service: str,
    region: str,
    credentials: Credentials,
    at: datetime,
    expires_s: int,
) -> str:
    """Return `host/?query&X-Amz-…`, without a scheme: the form of an RDS authentication token."""
    scope = f"{at:%Y%m%d}/{region}/{service}/aws4_request"
    parameters = {
        **query,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": at.strftime("%Y%m%dT%H%M%SZ"),
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        parameters["X-Amz-Security-Token"] = credentials.session_token
    canonical = "&".join(f"{quote(name, safe='')}={quote(parameters[name], safe='')}" for name in sorted(parameters))
    request = f"GET\n/\n{canonical}\nhost:{host}\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
    signature = _signature(request, scope=scope, credentials=credentials, at=at)
    return f"{host}/?{canonical}&X-Amz-Signature={signature}"


def _signature(request: str, *, scope: str, credentials: Credentials, at: datetime) -> str:
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, f"{ALGORITHM}\n{at:%Y%m%dT%H%M%SZ}\n{scope}\n{digest}".encode(), "sha256").hex()
