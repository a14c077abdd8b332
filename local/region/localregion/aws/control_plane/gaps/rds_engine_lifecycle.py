"""RDS: an instance's `EngineLifecycleSupport`.

AWS: says whether the instance is enrolled in extended support, as was asked for when it was created. moto drops it, so
a client that asked for one finds another at each look.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBInstance

from localregion.aws.control_plane.gaps.construction import after_construction


def _take(instance: Any, options: dict[str, Any]) -> None:
    instance.engine_lifecycle_support = options.get("engine_lifecycle_support")


def fill() -> None:
    after_construction(DBInstance, _take)
