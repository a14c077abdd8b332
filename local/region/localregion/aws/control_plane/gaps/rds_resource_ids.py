"""RDS: an instance's `DbiResourceId`.

AWS: unique in a region, and what an IAM login's ARN and `dbi-resource-id` filters name. moto has one constant for all
instances, so that with two of them none is found by it.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
"""

from __future__ import annotations

import string
from typing import Any

from moto.moto_api._internal import mock_random
from moto.rds.models import DBInstance

_LETTERS = string.ascii_uppercase + string.digits
_LENGTH = 26
_init = DBInstance.__init__


def _with_an_id_of_its_own(self: DBInstance, *arguments: Any, **options: Any) -> None:
    _init(self, *arguments, **options)
    self.dbi_resource_id = "db-" + "".join(mock_random.choices(_LETTERS, k=_LENGTH))


def fill() -> None:
    DBInstance.__init__ = _with_an_id_of_its_own  # type: ignore[method-assign]
