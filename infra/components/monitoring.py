"""What tells people that something is wrong: alarms, the topic they go to, one dashboard, questions to the logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarms import Alarm, Watched, alarms_of
from components.figures import figures_of
from components.queries import Queries, QueriesArgs

FIVE_MINUTES_S = 300


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """`functions` are the names of all, `watched` what alarms look at; `email` is told of each alarm and its end.

    `log_groups` are the functions', `has_spans` tells whether spans go to X-Ray.
    """

    prefix: str
    region: str
    email: str | None
    functions: Sequence[pulumi.Input[str]]
    log_groups: Sequence[pulumi.Input[str]]
    has_spans: bool
    watched: Watched


class Monitoring(pulumi.ComponentResource):
    """Alarms, a dashboard and saved queries.

    Creates:
      - a topic, and with `email` a subscription that its reader has to confirm
      - an alarm per line of `alarms_of`
      - a dashboard: what the functions count, their invocations, a graph per alarm
      - the saved queries

    Outputs: topic_arn, dashboard_url.
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Monitoring", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Not encrypted by a key of ours: CloudWatch cannot publish to such a topic unless the key's policy names it.
        topic = aws.sns.Topic(name, name=f"{args.prefix}orders-alarms", opts=child)
        if args.email:
            aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=args.email, opts=child)
        Queries(
            name,
            QueriesArgs(prefix=args.prefix, log_groups=args.log_groups, has_spans=args.has_spans),
            child,
        )
        alarms = alarms_of(args.watched)
        for alarm_name, alarm in alarms.items():
            self._build_alarm(f"{args.prefix}{alarm_name}", alarm_name, alarm, topic)
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=f"{args.prefix}orders",
            dashboard_body=pulumi.Output.json_dumps({"widgets": _widgets(args, alarms)}),
            opts=child,
        )
        self.topic_arn: pulumi.Output[str] = topic.arn
        self.dashboard_url: pulumi.Output[str] = pulumi.Output.concat(
            f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}#dashboards:name=",
            dashboard.dashboard_name,
        )
        self.register_outputs({"topic_arn": self.topic_arn})

    def _build_alarm(self, full_name: str, name: str, alarm: Alarm, topic: aws.sns.Topic) -> None:
        aws.cloudwatch.MetricAlarm(
            name,
            name=full_name,
            alarm_description=alarm.meaning,
            comparison_operator="GreaterThanThreshold" if alarm.is_above else "LessThanThreshold",
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.missing,
            alarm_actions=[topic.arn],
            ok_actions=[topic.arn],
            **_measured(alarm),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _measured(alarm: Alarm) -> dict[str, Any]:
    metric = {"namespace": alarm.namespace, "dimensions": alarm.dimensions, "period": FIVE_MINUTES_S}
    if alarm.part_of is None:
        return {**metric, "metric_name": alarm.metric, "statistic": alarm.statistic}
    # The ratio of the worst node: the largest value of the metric, divided by the smallest value of `part_of`.
    parts = {"part": (alarm.metric, alarm.statistic), "whole": (alarm.part_of, "Minimum")}
    queries: list[dict[str, Any]] = [
        {"id": query, "metric": {**metric, "metric_name": name, "stat": statistic}}
        for query, (name, statistic) in parts.items()
    ]
    return {"metric_queries": [*queries, {"id": "ratio", "expression": "part / whole", "return_data": True}]}


def _widgets(args: MonitoringArgs, alarms: Mapping[str, Alarm]) -> list[dict[str, Any]]:
    graphs = [
        _metric_widget(figure.title, figure.lines(), stat=figure.statistic, region=args.region)
        for figure in figures_of(args.watched)
    ]
    graphs += [_invocations(args, metric) for metric in ("Invocations", "Errors", "Throttles", "Duration")]
    graphs += [_graph(name, alarm, args.region) for name, alarm in alarms.items()]
    return [
        {**graph, "width": 8, "height": 6, "x": 8 * (index % 3), "y": 6 * (index // 3)}
        for index, graph in enumerate(graphs)
    ]


def _invocations(args: MonitoringArgs, metric: str) -> dict[str, Any]:
    lines = [["AWS/Lambda", metric, "FunctionName", function] for function in args.functions]
    stat = "p99" if metric == "Duration" else "Sum"
    return _metric_widget(f"Functions: {metric}", lines, stat=stat, region=args.region)


def _graph(name: str, alarm: Alarm, region: str) -> dict[str, Any]:
    ((dimension, value),) = alarm.dimensions.items()
    metrics = [metric for metric in (alarm.metric, alarm.part_of) if metric is not None]
    lines = [[alarm.namespace, metric, dimension, value] for metric in metrics]
    return _metric_widget(name, lines, stat=alarm.statistic, region=region)


def _metric_widget(title: str, lines: list[list[Any]], *, stat: str, region: str) -> dict[str, Any]:
    properties = {"title": title, "metrics": lines, "stat": stat, "period": FIVE_MINUTES_S, "region": region}
    return {"type": "metric", "properties": properties}
