"""The credentials of the execution environment: from its variables, or with SnapStart from its container endpoint.

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-security.html: with SnapStart AWS_ACCESS_KEY_ID and its
companions are not set, and AWS_CONTAINER_CREDENTIALS_FULL_URI with AWS_CONTAINER_AUTHORIZATION_TOKEN takes their place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from sockets import Deadline
from sockets.http import request


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False, default=None)


def load(environ: Mapping[str, str] = os.environ, *, timeout_s: float = 2.0) -> Credentials:
    """Raises KeyError when the environment has neither form, OSError when the endpoint does not answer."""
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in environ and "AWS_ACCESS_KEY_ID" not in environ:
        return _from_container(environ, timeout_s)
    return Credentials(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN"))


def _from_container(environ: Mapping[str, str], timeout_s: float) -> Credentials:
    status, answer = request(
        "GET",
        environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        headers={"authorization": environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]},
        deadline=Deadline(timeout_s),
    )
    if status != 200:
        raise OSError(f"the credentials endpoint answered {status}")
    document = json.loads(answer)
    return Credentials(document["AccessKeyId"], document["SecretAccessKey"], document["Token"])
