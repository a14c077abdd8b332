"""RDS: Performance Insights of an instance.

AWS: Create- and ModifyDBInstance turn it on, and the instance says so, with the key and for how many days. moto takes
what a client says and keeps none of it.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBInstance

from localregion.aws.control_plane.gaps.construction import after_construction

_DAYS = 7
_update = DBInstance.update


def _updated(self: DBInstance, *arguments: Any, **options: Any) -> None:
    _update(self, *arguments, **options)
    _take(self, options)


def _take(instance: Any, options: dict[str, Any]) -> None:
    enabled = options.get("enable_performance_insights")
    if enabled is not None:
        instance.performance_insights_enabled = enabled
    if not getattr(instance, "performance_insights_enabled", False):
        instance.performance_insights_kms_key_id = instance.performance_insights_retention_period = None
        return
    for name, default in (("kms_key_id", None), ("retention_period", _DAYS)):
        attribute = f"performance_insights_{name}"
        setattr(instance, attribute, options.get(attribute) or getattr(instance, attribute, None) or default)


def fill() -> None:
    after_construction(DBInstance, _take)
    DBInstance.update = _updated  # type: ignore[method-assign]
