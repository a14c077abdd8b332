"""Alarms and the dashboard: each metric exists where it is written, each alarm has a receiver."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.program import ROOT
from tests.infra.registered import Registered, register

from aws.metrics import DIMENSION, NAMESPACE
from components.alarms import model
from components.alarms.watched import Watched
from components.figures import figures_of
from components.monitoring import Monitoring, MonitoringArgs
from configuration import PACKAGES
from operations.findings import METRICS

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"
CONFIGURATOR = "kong-configurator"
AWS_METRICS = json.loads((ROOT / "tests" / "infra" / "recorded" / "aws_metrics.json").read_text())


def watched(*, has_insights: bool = True, has_credits: bool = True) -> Watched:
    return Watched(
        producer="dev-create_order",
        canceler="dev-cancel_order",
        reader="dev-get_order",
        recorder="dev-record_payment",
        relays={"orders": "dev-outbox_relay", "invoices": "dev-invoices_relay"},
        consumers={"orders": "dev-order_updater", "invoices": "dev-invoice_consumer"},
        operations="dev-operations",
        configurator=f"dev-{CONFIGURATOR}",
        balancer="app/dev-orders/0",
        target_group="targetgroup/dev-orders-kong/0",
        broker="dev-orders",
        database="dev-orders",
        database_proxy="dev-orders",
        has_insights=has_insights,
        has_credits=has_credits,
    )


def build(
    *, has_insights: bool = True, has_credits: bool = True, email: str | None = "x@example.test", has_spans: bool = True
) -> Registered:
    arguments = MonitoringArgs(
        prefix="dev-",
        region="us-east-1",
        email=email,
        functions=["dev-create_order"],
        log_groups=["/aws/lambda/dev-create_order"],
        has_spans=has_spans,
        watched=watched(has_insights=has_insights, has_credits=has_credits),
    )
    return register(lambda: Monitoring("monitoring", arguments))


def queried(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm, each with namespace, metricName and dimensions."""
    if "metricName" in alarm:
        return [alarm]
    return [query["metric"] for query in alarm["metricQueries"] if "metric" in query]


def metrics_of(alarm: dict[str, Any]) -> list[str]:
    return [metric["metricName"] for metric in queried(alarm)]


def all_queried() -> list[dict[str, Any]]:
    built = [build(), build(has_insights=False, has_credits=False)]
    return [metric for each in built for alarm in each.all(ALARM) for metric in queried(dict(alarm.inputs))]


def test_an_alarm_is_told_to_the_topic_by_itself_or_as_part_of_another() -> None:
    registered = build()

    topic = registered.one("aws:sns/topic:Topic").outputs["arn"]
    composites = registered.all(COMPOSITE)
    parts = {name for each in composites for name in re.findall(r'ALARM\("dev-([\w-]+)"\)', each.inputs["alarmRule"])}
    suppressors = {
        each.inputs["actionsSuppressor"]["alarm"].rpartition(":")[2]
        for each in composites
        if each.inputs.get("actionsSuppressor")
    }
    assert registered.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "x@example.test"
    for alarm in [*registered.all(ALARM), *composites]:
        receivers = alarm.inputs["alarmActions"]
        assert receivers == alarm.inputs["okActions"]
        assert receivers in ([topic], [])
        assert receivers or alarm.name in parts | suppressors, f"{alarm.name} is told to nobody"


def test_a_composite_names_alarms_that_are_there_and_waits_for_one_that_is() -> None:
    registered = build(has_credits=False)

    names = {
        **{alarm.inputs["name"]: alarm for alarm in registered.all(ALARM)},
        **{alarm.inputs["alarmName"]: alarm for alarm in registered.all(COMPOSITE)},
    }
    arns = {alarm.outputs["arn"] for alarm in names.values()}
    for composite in registered.all(COMPOSITE):
        named = re.findall(r'"([^"]+)"', composite.inputs["alarmRule"])
        assert named
        assert set(named) <= names.keys() - {composite.inputs["alarmName"]}
        if suppressor := composite.inputs.get("actionsSuppressor"):
            assert suppressor["alarm"] in arns


def test_the_audits_alarms_watch_what_the_audit_writes_and_only_its_heartbeat_takes_silence_for_one() -> None:
    found = [
        each.inputs for each in build().all(ALARM) if each.inputs.get("dimensions") == {DIMENSION: "dev-operations"}
    ]

    assert (NAMESPACE, DIMENSION) == (model.NAMESPACE, model.DIMENSION)
    heartbeat = {"AuditRuns"}
    own = {"AuditBehindSeconds", "CustomersUnpublishedAgeSeconds", "OutboxOldestAgeSeconds", "ParkedMessages"}
    assert {each["metricName"] for each in found} == {*METRICS.values(), *own, *heartbeat}
    for alarm in found:
        assert alarm["treatMissingData"] == ("breaching" if alarm["metricName"] in heartbeat else "ignore")


def test_what_has_to_be_watched_is_watched() -> None:
    assert {metric["metricName"] for metric in all_queried()} >= {
        "MessageReadyCount",
        "RabbitMQMemUsed",
        "RabbitMQDiskFree",
        "DatabaseConnectionsCurrentlySessionPinned",
        "DatabaseConnectionsBorrowLatency",
        "DatabaseConnectionsCurrentlyBorrowed",
        "DBLoadRelativeToNumVCPUs",
        "CPUCreditBalance",
        "FreeableMemory",
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "TargetResponseTime",
        "UnHealthyHostCount",
        "GatewayConfigurationFailures",
        "PublishFailures",
        "Errors",
        "Throttles",
    }


def test_every_metric_of_aws_that_an_alarm_names_is_one_with_these_dimensions() -> None:
    foreign = [metric for metric in all_queried() if metric["namespace"] != NAMESPACE]
    for metric in foreign:
        known = AWS_METRICS[metric["namespace"]]["metrics"]
        assert sorted(metric["dimensions"]) in known[metric["metricName"]]
    recorded = {(space, name) for space, each in AWS_METRICS.items() for name in each["metrics"]}
    assert recorded == {(metric["namespace"], metric["metricName"]) for metric in foreign}


def test_every_metric_of_ours_that_an_alarm_names_is_written_by_the_one_that_it_names() -> None:
    ours = {
        (metric["metricName"], metric["dimensions"][DIMENSION])
        for metric in all_queried()
        if metric["namespace"] == NAMESPACE
    }
    assert len(ours) > 10
    for name, service in ours:
        assert name in set(texts(sources_of(service.removeprefix("dev-")))), f"{service} writes no {name}"


def sources_of(service: str) -> list[Path]:
    if service == CONFIGURATOR:
        return [ROOT / "kong" / "configurator.py"]
    return sorted((ROOT / "functions" / PACKAGES[service]).glob("*.py"))


def texts(paths: list[Path]) -> Iterator[str]:
    """Every string constant of the code."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_what_fails_without_a_client_that_waits_for_it_is_an_alarm() -> None:
    failing = {
        each.inputs["dimensions"]["FunctionName"]: each.inputs["alarmDescription"]
        for each in build().all(ALARM)
        if each.inputs.get("metricName") == "Errors"
    }

    unattended = {"order_updater", "invoice_consumer", "outbox_relay", "invoices_relay", "operations"}
    assert failing.keys() == {f"dev-{name}" for name in unattended}
    for function, meaning in failing.items():
        assert f"see the log of {function.removeprefix('dev-')}. " in meaning


def test_throttling_is_watched_behind_the_gateway_and_elsewhere() -> None:
    throttled = {
        alarm.name: {metric["dimensions"]["FunctionName"] for metric in queried(dict(alarm.inputs))}
        for alarm in build().all(ALARM)
        if "Throttles" in metrics_of(dict(alarm.inputs))
    }
    everything = {f"dev-{name}" for name in PACKAGES} - {"dev-release"}
    assert throttled["gateway-throttles"] == {
        "dev-create_order",
        "dev-cancel_order",
        "dev-get_order",
        "dev-record_payment",
    }
    assert throttled["unattended-throttles"] == everything - throttled["gateway-throttles"]


def test_events_that_are_not_confirmed_are_an_alarm_on_either_side() -> None:
    publishing = [each.inputs for each in build().all(ALARM) if each.inputs.get("metricName") == "PublishFailures"]

    functions = {each["dimensions"][DIMENSION] for each in publishing}
    assert functions == {"dev-create_order", "dev-record_payment"}


def test_a_database_without_insights_is_watched_by_its_processors() -> None:
    alarm = build(has_insights=False, email=None).one(ALARM, "database-load")

    assert alarm.inputs["metricName"] == "CPUUtilization"


def test_credits_are_watched_where_there_are_any() -> None:
    named = {alarm.name for alarm in build(has_credits=False).all(ALARM)}

    assert "database-credits" not in named
    assert "database-credits" in {alarm.name for alarm in build().all(ALARM)}


def test_the_slowest_hundredth_is_a_percentile_that_few_requests_are_no_alarm_of() -> None:
    alarm = build().one(ALARM, "latency").inputs

    assert (alarm["extendedStatistic"], alarm["evaluateLowSampleCountPercentiles"]) == ("p99", "ignore")


def test_the_dashboard_shows_every_alarms_metric() -> None:
    registered = build()

    widgets = json.loads(registered.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]
    shown = {line[1] for widget in widgets for line in widget["properties"]["metrics"]}
    assert shown >= {metric for alarm in registered.all(ALARM) for metric in metrics_of(dict(alarm.inputs))}
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(places) == len(set(places))


def test_the_dashboard_shows_what_the_functions_count_and_each_figure_is_counted_somewhere() -> None:
    dashboard = build().one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    drawn = [line for widget in json.loads(dashboard)["widgets"] for line in widget["properties"]["metrics"]]
    counted = [line[:-1] for line in drawn]
    sources = "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))

    for figure in figures_of(watched()):
        for line in figure.lines():
            assert line in counted
            assert f'"{line[1]}"' in sources, f"no function counts {line[1]}"
    # Each statistic of each once.
    shown = [(*line[1:-1], line[-1].get("stat")) for line in drawn if line[0] == NAMESPACE]
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
