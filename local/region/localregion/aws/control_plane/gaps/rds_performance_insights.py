"""RDS: Performance Insights of an instance.

AWS: Create- and ModifyDBInstance turn it on, and the instance says so, with the key and for how many days. moto takes
what a client says and keeps none of it.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBInstance

_DAYS = 7
_init = DBInstance.__init__
_update = DBInstance.update


def _created(self: DBInstance, *arguments: Any, **options: Any) -> None:
    _init(self, *arguments, **options)
    _take(self, options)


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
    key, days = (options.get(f"performance_insights_{name}") for name in ("kms_key_id", "retention_period"))
    instance.performance_insights_kms_key_id = key or instance.__dict__.get("performance_insights_kms_key_id")
    instance.performance_insights_retention_period = (
        days or instance.__dict__.get("performance_insights_retention_period") or _DAYS
    )


def fill() -> None:
    DBInstance.__init__ = _created  # type: ignore[method-assign]
    DBInstance.update = _updated  # type: ignore[method-assign]
