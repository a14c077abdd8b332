"""Alarms and the dashboard: each metric exists where it is written, each alarm reaches somebody."""

import json
from typing import Any

from components.alarms import AUDIT, Watched
from components.monitoring import Monitoring, MonitoringArgs
from operations.audit import METRICS
from operations.metrics import DIMENSION, NAMESPACE
from tests.infra.registered import Registered, register

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def build(*, has_insights: bool = True, email: str | None = "x@example.test") -> Registered:
    watched = Watched(
        consumer="dev-invoice_consumer",
        operations="dev-operations",
        balancer="app/dev-orders/0",
        broker="dev-orders",
        database="dev-orders",
        database_proxy="dev-orders",
        has_insights=has_insights,
    )
    arguments = MonitoringArgs(
        prefix="dev-", region="us-east-1", email=email, functions=["dev-create_order"], watched=watched
    )
    return register(lambda: Monitoring("monitoring", arguments))


def metrics_of(alarm: dict[str, Any]) -> list[str]:
    if "metricName" in alarm:
        return [alarm["metricName"]]
    return [query["metric"]["metricName"] for query in alarm["metricQueries"] if "metric" in query]


def test_every_alarm_goes_to_the_topic_and_says_what_it_means() -> None:
    registered = build()

    topic = registered.one("aws:sns/topic:Topic").outputs["arn"]
    for alarm in registered.all(ALARM):
        assert alarm.inputs["alarmActions"] == [topic]
        assert alarm.inputs["alarmDescription"].endswith(".") or "make parked" in alarm.inputs["alarmDescription"]
    assert registered.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "x@example.test"


def test_the_audits_alarms_watch_what_the_audit_writes_and_take_silence_for_one() -> None:
    alarms = [each.inputs for each in build().all(ALARM) if each.inputs.get("namespace") == AUDIT]

    assert NAMESPACE == AUDIT
    written = {*METRICS.values(), "OutboxRows", "OutboxOldestAgeSeconds", "ParkedMessages"}
    assert {*METRICS.values(), "OutboxOldestAgeSeconds", "ParkedMessages"} == {each["metricName"] for each in alarms}
    for alarm in alarms:
        assert alarm["metricName"] in written
        assert alarm["dimensions"] == {DIMENSION: "dev-operations"}
        assert alarm["treatMissingData"] == "breaching"


def test_what_has_to_be_watched_is_watched() -> None:
    watched = {metric for alarm in build().all(ALARM) for metric in metrics_of(dict(alarm.inputs))}

    assert watched >= {
        "MessageReadyCount",
        "RabbitMQMemUsed",
        "RabbitMQDiskFree",
        "DatabaseConnectionsCurrentlySessionPinned",
        "DBLoadRelativeToNumVCPUs",
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "Errors",
    }


def test_a_database_without_insights_is_watched_by_its_processors() -> None:
    alarm = build(has_insights=False, email=None).one(ALARM, "database-load")

    assert alarm.inputs["metricName"] == "CPUUtilization"


def test_the_dashboard_shows_every_alarms_metric() -> None:
    registered = build()

    widgets = json.loads(registered.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]
    shown = {line[1] for widget in widgets for line in widget["properties"]["metrics"]}
    assert shown >= {metric for alarm in registered.all(ALARM) for metric in metrics_of(dict(alarm.inputs))}
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(places) == len(set(places))
