"""RDS: the secret of the master user that RDS manages.

AWS generates a password and keeps it with the master user's name. moto keeps one constant name and password for all.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
"""

from __future__ import annotations

import json

from moto.moto_api._internal import mock_random
from moto.rds.models import MasterUserSecret

_LENGTH = 32


def generate_secret_string(self: MasterUserSecret) -> str:
    password = mock_random.get_random_string(_LENGTH)
    return json.dumps({"username": self.resource.master_username, "password": password}, separators=(",", ":"))


def fill() -> None:
    MasterUserSecret._generate_secret_string = generate_secret_string  # type: ignore[method-assign]
