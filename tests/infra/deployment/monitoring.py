"""What watches: log groups and saved queries, alarms, the dashboard, the topic that alarms go to."""

from __future__ import annotations

import uuid
from typing import Any

from tests.infra.deployment.api import Api, Created, given, pascal

_FEEDBACK = ("Application", "Firehose", "HTTP", "Lambda", "SQS")


def log_group(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    logs, called = api.client("logs"), inputs["name"]
    logs.create_log_group(logGroupName=called, tags=api.tag_map(), **given(inputs, kmsKeyId="kmsKeyId"))
    if days := inputs.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=called, retentionInDays=days)
    found = logs.describe_log_groups(logGroupNamePrefix=called)["logGroups"]
    (arn,) = [each["arn"].removesuffix(":*") for each in found if each["logGroupName"] == called]
    logs.list_tags_for_resource(resourceArn=arn)
    return Created(
        id=called, outputs={"arn": arn, "name": called}, delete=lambda: logs.delete_log_group(logGroupName=called)
    )


def query_definition(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    logs = api.client("logs")
    made = logs.put_query_definition(
        clientToken=str(uuid.uuid4()),
        **given(inputs, logGroupNames="logGroupNames", name="name", queryString="queryString"),
    )["queryDefinitionId"]
    logs.describe_query_definitions(queryDefinitionNamePrefix=inputs["name"])
    return Created(
        id=made,
        outputs={"queryDefinitionId": made},
        delete=lambda: logs.delete_query_definition(queryDefinitionId=made),
    )


def metric_alarm(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    request = {
        "AlarmName": inputs["name"],
        "ActionsEnabled": inputs.get("actionsEnabled", True),
        "Tags": api.tags(),
        **given(
            inputs,
            AlarmDescription="alarmDescription",
            ComparisonOperator="comparisonOperator",
            EvaluateLowSampleCountPercentile="evaluateLowSampleCountPercentiles",
            EvaluationPeriods="evaluationPeriods",
            DatapointsToAlarm="datapointsToAlarm",
            ExtendedStatistic="extendedStatistic",
            MetricName="metricName",
            Namespace="namespace",
            Period="period",
            Statistic="statistic",
            Threshold="threshold",
            TreatMissingData="treatMissingData",
        ),
        **_actions(inputs),
    }
    if dimensions := inputs.get("dimensions"):
        request["Dimensions"] = _dimensions(dimensions)
    if queries := inputs.get("metricQueries"):
        request["Metrics"] = [_metric_query(each) for each in queries]
    return _alarm(api, "MetricAlarm", request)


def composite_alarm(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    request = {
        "AlarmName": inputs["alarmName"],
        "ActionsEnabled": inputs.get("actionsEnabled", True),
        "Tags": api.tags(),
        **given(inputs, AlarmDescription="alarmDescription", AlarmRule="alarmRule"),
        **_actions(inputs),
    }
    if suppressor := inputs.get("actionsSuppressor"):
        request |= given(
            suppressor,
            ActionsSuppressor="alarm",
            ActionsSuppressorExtensionPeriod="extensionPeriod",
            ActionsSuppressorWaitPeriod="waitPeriod",
        )
    return _alarm(api, "CompositeAlarm", request)


def _alarm(api: Api, kind: str, request: dict[str, Any]) -> Created:
    cloudwatch, called = api.client("cloudwatch"), request["AlarmName"]
    put = cloudwatch.put_metric_alarm if kind == "MetricAlarm" else cloudwatch.put_composite_alarm
    put(**request)
    (found,) = cloudwatch.describe_alarms(AlarmNames=[called], AlarmTypes=[kind])[f"{kind}s"]
    cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])
    return Created(
        id=called,
        outputs={"arn": found["AlarmArn"], "name": called, "alarmName": called},
        delete=lambda: cloudwatch.delete_alarms(AlarmNames=[called]),
    )


def _actions(inputs: dict[str, Any]) -> dict[str, Any]:
    named = {"AlarmActions": "alarmActions", "OKActions": "okActions"}
    return {member: inputs[name] for member, name in named.items() if inputs.get(name)}


def _dimensions(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _metric_query(query: dict[str, Any]) -> dict[str, Any]:
    written = {"Id": query["id"], "ReturnData": query.get("returnData", False)}
    written |= given(query, Expression="expression", Label="label")
    if metric := query.get("metric"):
        written["MetricStat"] = {
            "Metric": {
                **given(metric, MetricName="metricName", Namespace="namespace"),
                "Dimensions": _dimensions(metric.get("dimensions", {})),
            },
            "Period": metric["period"],
            "Stat": metric["stat"],
        }
    return written


def dashboard(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    cloudwatch, called = api.client("cloudwatch"), inputs["dashboardName"]
    cloudwatch.put_dashboard(**pascal(inputs))
    arn = cloudwatch.get_dashboard(DashboardName=called)["DashboardArn"]
    return Created(
        id=called,
        outputs={"dashboardArn": arn, "dashboardName": called},
        delete=lambda: cloudwatch.delete_dashboards(DashboardNames=[called]),
    )


def topic(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    sns = api.client("sns")
    arn = sns.create_topic(Name=inputs["name"], Tags=api.tags())["TopicArn"]
    for kind in _FEEDBACK:
        sns.set_topic_attributes(AttributeName=f"{kind}SuccessFeedbackSampleRate", AttributeValue="0", TopicArn=arn)
    sns.get_topic_attributes(TopicArn=arn)
    sns.list_tags_for_resource(ResourceArn=arn)
    return Created(id=arn, outputs={"arn": arn, "name": inputs["name"]}, delete=lambda: sns.delete_topic(TopicArn=arn))


RESOURCES = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:cloudwatch/queryDefinition:QueryDefinition": query_definition,
    "aws:sns/topic:Topic": topic,
}
