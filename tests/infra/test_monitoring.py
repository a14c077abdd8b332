"""Alarms and the dashboard: each metric exists where it is written, each alarm has a receiver."""

import json
import re
from typing import Any

from tests.infra.program import ROOT
from tests.infra.registered import Registered, register

from aws.metrics import DIMENSION, NAMESPACE
from components import alarms
from components.alarms import Watched
from components.figures import figures_of
from components.monitoring import Monitoring, MonitoringArgs
from operations.findings import METRICS

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"


def watched(*, has_insights: bool = True) -> Watched:
    return Watched(
        producer="dev-create_order",
        canceler="dev-cancel_order",
        recorder="dev-record_payment",
        relays={"orders": "dev-outbox_relay", "invoices": "dev-invoices_relay"},
        consumers={"orders": "dev-order_updater", "invoices": "dev-invoice_consumer"},
        operations="dev-operations",
        balancer="app/dev-orders/0",
        broker="dev-orders",
        database="dev-orders",
        database_proxy="dev-orders",
        has_insights=has_insights,
    )


def build(*, has_insights: bool = True, email: str | None = "x@example.test", has_spans: bool = True) -> Registered:
    arguments = MonitoringArgs(
        prefix="dev-",
        region="us-east-1",
        email=email,
        functions=["dev-create_order"],
        log_groups=["/aws/lambda/dev-create_order"],
        has_spans=has_spans,
        watched=watched(has_insights=has_insights),
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
    found = [
        each.inputs for each in build().all(ALARM) if "dev-operations" in each.inputs.get("dimensions", {}).values()
    ]

    assert (NAMESPACE, DIMENSION) == (alarms.NAMESPACE, alarms.DIMENSION)
    written = {*METRICS.values(), "OutboxRows", "OutboxOldestAgeSeconds", "ParkedMessages"}
    assert {*METRICS.values(), "OutboxOldestAgeSeconds", "ParkedMessages"} == {each["metricName"] for each in found}
    for alarm in found:
        assert alarm["metricName"] in written
        assert alarm["dimensions"] == {DIMENSION: "dev-operations"}
        assert alarm["treatMissingData"] == "breaching"


def test_what_has_to_be_watched_is_watched() -> None:
    metrics = {metric for alarm in build().all(ALARM) for metric in metrics_of(dict(alarm.inputs))}

    assert metrics >= {
        "MessageReadyCount",
        "RabbitMQMemUsed",
        "RabbitMQDiskFree",
        "DatabaseConnectionsCurrentlySessionPinned",
        "DBLoadRelativeToNumVCPUs",
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "PublishFailures",
        "Errors",
    }


def test_what_fails_without_a_client_that_waits_for_it_is_an_alarm() -> None:
    failing = {
        each.inputs["dimensions"]["FunctionName"]: each.inputs["alarmDescription"]
        for each in build().all(ALARM)
        if each.inputs.get("metricName") == "Errors"
    }

    unattended = {"order_updater", "invoice_consumer", "outbox_relay", "invoices_relay"}
    assert failing.keys() == {f"dev-{name}" for name in unattended}
    for function, meaning in failing.items():
        assert meaning.endswith(f"see the log of {function.removeprefix('dev-')}.")


def test_events_that_are_not_confirmed_are_an_alarm_on_either_side() -> None:
    publishing = [each.inputs for each in build().all(ALARM) if each.inputs.get("metricName") == "PublishFailures"]

    functions = {each["dimensions"][DIMENSION] for each in publishing}
    assert functions == {"dev-create_order", "dev-record_payment"}


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


def test_the_dashboard_shows_what_the_functions_count_and_each_figure_is_counted_somewhere() -> None:
    dashboard = build().one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    counted = [line for widget in json.loads(dashboard)["widgets"] for line in widget["properties"]["metrics"]]
    sources = "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))

    for figure in figures_of(watched()):
        for line in figure.lines():
            assert line in counted
            assert f'"{line[1]}"' in sources, f"no function counts {line[1]}"
    shown = [tuple(line[1:]) for line in counted if line[0] == NAMESPACE]
    assert len(shown) == len(set(shown))


def test_saved_queries_look_into_the_functions_logs_and_into_xrays_spans() -> None:
    queries = {each.inputs["name"]: each.inputs for each in build().all(QUERY)}

    assert queries.keys() == {
        "dev-orders/log of a trace",
        "dev-orders/log of an order",
        "dev-orders/errors by function",
        "dev-orders/slowest invocations",
        "dev-orders/batches with parked messages",
        "dev-orders/spans of a trace",
        "dev-orders/parked messages and reasons",
    }
    of_spans = queries.keys() - {each.inputs["name"] for each in build(has_spans=False).all(QUERY)}
    assert of_spans == {"dev-orders/spans of a trace", "dev-orders/parked messages and reasons"}
    for name, query in queries.items():
        assert query["logGroupNames"] == (["aws/spans"] if name in of_spans else ["/aws/lambda/dev-create_order"])


def test_queries_ask_for_lines_that_functions_write() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))

    for query in build().all(QUERY):
        for message in re.findall(r'message = "(.+?)"', query.inputs["queryString"]):
            assert f'"{message}"' in sources
