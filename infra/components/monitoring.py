"""What tells people that something is wrong: alarms, the topic they go to, one dashboard, questions to the logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarms.causes import EXTENSION_S, composites_of, section_of, told
from components.alarms.every import alarms_of
from components.alarms.model import Alarm, Composite, Metric
from components.alarms.watched import Watched
from components.dashboard import widgets_of
from components.queries import Queries, QueriesArgs

# The page that a mail's text names; where the repository is served is not known here.
RUNBOOK = "docs/operations.md"


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
      - an alarm per line of `alarms_of`, and those of `composites_of` that are made of them
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
        self._build_alarms(args.prefix, topic, alarms)
        widgets = widgets_of(args.watched, alarms, functions=args.functions, region=args.region)
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=f"{args.prefix}orders",
            dashboard_body=pulumi.Output.json_dumps({"widgets": widgets}),
            opts=child,
        )
        self.topic_arn: pulumi.Output[str] = topic.arn
        self.dashboard_url: pulumi.Output[str] = pulumi.Output.concat(
            f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}#dashboards:name=",
            dashboard.dashboard_name,
        )
        self.register_outputs({"topic_arn": self.topic_arn})

    def _build_alarms(self, prefix: str, topic: aws.sns.Topic, alarms: Mapping[str, Alarm]) -> None:
        composites = composites_of(alarms)
        are_told = told(alarms, composites)

        def described(name: str, meaning: str) -> dict[str, Any]:
            receivers = [topic.arn] if name in are_told else []
            section = section_of(name, composites, are_told)
            return {
                "alarm_description": f"{meaning} {RUNBOOK}#{section}",
                "alarm_actions": receivers,
                "ok_actions": receivers,
            }

        built: dict[str, aws.cloudwatch.MetricAlarm | aws.cloudwatch.CompositeAlarm] = {}
        for name, alarm in alarms.items():
            built[name] = self._build_alarm(name, prefix, alarm, described(name, alarm.meaning))
        for name, composite in composites.items():
            built[name] = self._build_composite(name, prefix, composite, built, described(name, composite.meaning))

    def _build_alarm(
        self, name: str, prefix: str, alarm: Alarm, described: Mapping[str, Any]
    ) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            name,
            name=f"{prefix}{name}",
            comparison_operator="GreaterThanThreshold" if alarm.is_above else "LessThanThreshold",
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.missing,
            **described,
            **_measured(alarm),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_composite(
        self,
        name: str,
        prefix: str,
        composite: Composite,
        built: Mapping[str, aws.cloudwatch.MetricAlarm | aws.cloudwatch.CompositeAlarm],
        described: Mapping[str, Any],
    ) -> aws.cloudwatch.CompositeAlarm:
        suppressor = composite.suppressed_by
        return aws.cloudwatch.CompositeAlarm(
            name,
            alarm_name=f"{prefix}{name}",
            alarm_rule=composite.rule_of(prefix),
            actions_suppressor={
                "alarm": built[suppressor].arn,
                "wait_period": composite.wait_s,
                "extension_period": EXTENSION_S,
            }
            if suppressor
            else None,
            **described,
            # CloudWatch refuses a rule that names an alarm which is not there.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[built[child] for child in composite.children()]),
        )


def _measured(alarm: Alarm) -> dict[str, Any]:
    if alarm.expression is None:
        (metric,) = alarm.metrics.values()
        return {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": metric.dimensions,
            "period": alarm.period_s,
            **_statistic(metric),
        }
    queries = [_query(key, metric, alarm.period_s) for key, metric in alarm.metrics.items()]
    return {"metric_queries": [*queries, {"id": "value", "expression": alarm.expression, "return_data": True}]}


def _statistic(metric: Metric) -> dict[str, str]:
    """A percentile of a few requests is one of them: it is no alarm."""
    if metric.statistic.startswith("p"):
        return {"extended_statistic": metric.statistic, "evaluate_low_sample_count_percentiles": "ignore"}
    return {"statistic": metric.statistic}


def _query(key: str, metric: Metric, period_s: int) -> dict[str, Any]:
    return {
        "id": key,
        "metric": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": metric.dimensions,
            "period": period_s,
            "stat": metric.statistic,
        },
    }
