"""RDS: a proxy's `DefaultAuthScheme`.

AWS: says how a proxy lets clients in for which it has no secret, as was asked for when it was created; with one, no
secrets need to be named. moto drops it, so a client that asked for IAM finds none at each look, and wants secrets.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBProxy.html
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

_create = RDSResponse.create_db_proxy


def create_db_proxy(self: RDSResponse) -> ActionResult:
    if "Auth" not in self.params:
        self.params["Auth"] = []
    answer = _create(self)
    created: Any = answer.result
    created["DBProxy"].default_auth_scheme = self.params.get("DefaultAuthScheme")
    return answer


def fill() -> None:
    RDSResponse.create_db_proxy = create_db_proxy  # type: ignore[method-assign]
