"""CloudWatch: composite alarms.

AWS: PutCompositeAlarm makes an alarm of other alarms by a rule; DescribeAlarms lists it when its type is asked for,
else metric alarms only. moto has the list, but neither the operation nor the types.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

_METRIC, _COMPOSITE = "MetricAlarm", "CompositeAlarm"
_describe = CloudWatchResponse.describe_alarms
# A composite alarm measures nothing itself.
_OF_METRICS: dict[str, Any] = {
    "namespace": None,
    "metric_name": None,
    "metric_data_queries": None,
    "comparison_operator": None,
    "evaluation_periods": None,
    "datapoints_to_alarm": None,
    "period": None,
    "threshold": None,
    "statistic": None,
    "extended_statistic": None,
    "unit": None,
    "treat_missing_data": None,
    "evaluate_low_sample_count_percentile": None,
    "threshold_metric_id": None,
}


def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    backend = self.cloudwatch_backend
    alarm = Alarm(
        account_id=backend.account_id,
        region_name=backend.region_name,
        name=self._get_param("AlarmName"),
        description=self._get_param("AlarmDescription"),
        dimensions=[],
        alarm_actions=self._get_param("AlarmActions", []),
        ok_actions=self._get_param("OKActions", []),
        insufficient_data_actions=self._get_param("InsufficientDataActions", []),
        actions_enabled=self._get_param("ActionsEnabled"),
        rule=self._get_param("AlarmRule"),
        **_OF_METRICS,
    )
    for name in ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
        setattr(alarm, name, self._get_param(name))
    backend.alarms[alarm.name] = alarm
    if tags := self._get_param("Tags", []):
        backend.tagger.tag_resource(alarm.alarm_arn, tags)
    return ActionResult({})


def describe_alarms(self: CloudWatchResponse) -> ActionResult:
    found: Any = _describe(self).result
    types = self._get_param("AlarmTypes") or [_METRIC]
    shown: dict[str, Iterable[Alarm]] = {
        "MetricAlarms": found["MetricAlarms"] if _METRIC in types else [],
        "CompositeAlarms": found["CompositeAlarms"] if _COMPOSITE in types else [],
    }
    return ActionResult(shown)


def fill() -> None:
    for operation in (put_composite_alarm, describe_alarms):
        setattr(CloudWatchResponse, operation.__name__, operation)
