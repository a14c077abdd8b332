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

from localregion.aws.control_plane.gaps.construction import after_construction

_LETTERS = string.ascii_uppercase + string.digits
_LENGTH = 26


def _give_an_id(instance: DBInstance, _: dict[str, Any]) -> None:
    instance.dbi_resource_id = "db-" + "".join(mock_random.choices(_LETTERS, k=_LENGTH))


def fill() -> None:
    after_construction(DBInstance, _give_an_id)
