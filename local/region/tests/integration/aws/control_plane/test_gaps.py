"""What moto lacks, by boto3: each is as AWS documents it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from integration.aws.control_plane.running_control_plane import ADDRESSES, RunningControlPlane, create_database

ROLE = "arn:aws:iam::000000000000:role/pool"


def test_a_query_is_saved_changed_listed_by_prefix_and_deleted(control_plane: RunningControlPlane) -> None:
    logs = control_plane.client("logs")
    query = {"queryString": "fields @message", "logGroupNames": ["/one"]}
    first = logs.put_query_definition(name="saved/first", **query)["queryDefinitionId"]
    logs.put_query_definition(name="saved/second", **query)
    logs.put_query_definition(name="saved/changed", queryDefinitionId=first, queryString="fields @timestamp")
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="saved/")["queryDefinitions"]
    assert [(each["name"], each["queryString"]) for each in found] == [
        ("saved/changed", "fields @timestamp"),
        ("saved/second", "fields @message"),
    ]
    page = logs.describe_query_definitions(queryDefinitionNamePrefix="saved/", maxResults=1)
    rest = logs.describe_query_definitions(
        queryDefinitionNamePrefix="saved/", maxResults=1, nextToken=page["nextToken"]
    )
    assert [each["name"] for each in rest["queryDefinitions"]] == ["saved/second"]
    assert "nextToken" not in rest
    for each in found:
        assert logs.delete_query_definition(queryDefinitionId=each["queryDefinitionId"])["success"]
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="saved/")["queryDefinitions"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_query_definition(queryDefinitionId=first)


def test_a_service_is_steady_at_once_and_a_scalable_target_keeps_its_tags(
    control_plane: RunningControlPlane, network: dict[str, Any]
) -> None:
    ecs = control_plane.client("ecs")
    ecs.create_cluster(clusterName="steady")
    for image in ("one", "two"):
        ecs.register_task_definition(
            family="task", containerDefinitions=[{"name": "main", "image": image, "memory": 128}]
        )
    service = ecs.create_service(cluster="steady", serviceName="web", taskDefinition="task:1", desiredCount=2)[
        "service"
    ]
    ecs.get_waiter("services_stable").wait(cluster="steady", services=["web"], WaiterConfig={"MaxAttempts": 1})
    updated = ecs.update_service(cluster="steady", service="web", taskDefinition="task:2", desiredCount=3)["service"]
    for described, count, definition in ((service, 2, ":1"), (updated, 3, ":2")):
        (deployment,) = described["deployments"]
        assert (described["runningCount"], described["pendingCount"]) == (count, 0)
        assert (deployment["runningCount"], deployment["rolloutState"]) == (count, "COMPLETED")
        assert deployment["taskDefinition"].endswith(definition)

    scaling = control_plane.client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/steady/web",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    arn = scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4, Tags={"made": "here"})[
        "ScalableTargetARN"
    ]
    scaling.register_scalable_target(**target, MaxCapacity=5)
    scaling.tag_resource(ResourceARN=arn, Tags={"more": "1", "less": "1"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["less"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"made": "here", "more": "1"}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scaling.list_tags_for_resource(ResourceARN=arn + "x")


def test_a_deployment_is_found_by_its_service_and_has_succeeded(control_plane: RunningControlPlane) -> None:
    ecs = control_plane.client("ecs")
    ecs.create_cluster(clusterName="deployed")
    ecs.register_task_definition(family="any", containerDefinitions=[{"name": "main", "image": "any", "memory": 128}])
    before = datetime.now(UTC) - timedelta(seconds=1)
    made = ecs.create_service(cluster="deployed", serviceName="web", taskDefinition="any", desiredCount=1)["service"]
    number = made["deployments"][0]["id"].removeprefix("ecs-svc/")
    (found,) = ecs.list_service_deployments(cluster="deployed", service="web", createdAt={"after": before})[
        "serviceDeployments"
    ]
    assert number in found["targetServiceRevisionArn"]
    arns = [found["serviceDeploymentArn"], found["serviceDeploymentArn"] + "0"]
    answer = ecs.describe_service_deployments(serviceDeploymentArns=arns)
    assert [each["status"] for each in answer["serviceDeployments"]] == ["SUCCESSFUL"]
    assert [each["arn"] for each in answer["failures"]] == arns[1:]
    for filtered in ({"createdAt": {"before": before}}, {"status": ["IN_PROGRESS"]}):
        answer = ecs.list_service_deployments(cluster="deployed", service=made["serviceArn"], **filtered)
        assert answer["serviceDeployments"] == []
    with pytest.raises(ClientError, match="ServiceNotFound"):
        ecs.list_service_deployments(cluster="deployed", service="none")


def test_a_service_says_that_a_shell_may_be_opened(control_plane: RunningControlPlane) -> None:
    ecs = control_plane.client("ecs")
    ecs.create_cluster(clusterName="entered")
    ecs.register_task_definition(family="entered", containerDefinitions=[{"name": "a", "image": "b", "memory": 128}])
    asked = {"cluster": "entered", "serviceName": "access", "taskDefinition": "entered", "desiredCount": 1}
    ecs.create_service(**asked, enableExecuteCommand=True)
    (found,) = ecs.describe_services(cluster="entered", services=["access"])["services"]
    assert found["enableExecuteCommand"] is True
    ecs.update_service(cluster="entered", service="access", enableExecuteCommand=False)
    (found,) = ecs.describe_services(cluster="entered", services=["access"])["services"]
    assert found["enableExecuteCommand"] is False


def test_a_composite_alarm_is_listed_when_its_type_is_asked_for(control_plane: RunningControlPlane) -> None:
    cloudwatch = control_plane.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="child",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Namespace="any",
        MetricName="any",
        Period=60,
        Statistic="Sum",
        Threshold=1.0,
    )
    asked = {
        "AlarmName": "parent",
        "AlarmRule": "ALARM(child)",
        "AlarmDescription": "of the child",
        "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:topic"],
        "ActionsSuppressor": "child",
        "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 90,
    }
    cloudwatch.put_composite_alarm(**asked, Tags=[{"Key": "made", "Value": "here"}])
    assert [each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"]] == ["child"]
    assert cloudwatch.describe_alarms()["CompositeAlarms"] == []
    (found,) = cloudwatch.describe_alarms(AlarmNames=["parent"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert {name: found[name] for name in asked} == asked
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    assert tags == [{"Key": "made", "Value": "here"}]
    cloudwatch.delete_alarms(AlarmNames=["parent"])
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


def test_lambdas_quota_is_known_and_no_other_is_made_up(control_plane: RunningControlPlane) -> None:
    quotas = control_plane.client("service-quotas")
    assert quotas.get_service_quota(ServiceCode="lambda", QuotaCode="L-B99A9384")["Quota"]["Value"] == 1000
    with pytest.raises(ClientError, match="NoSuchResource"):
        quotas.get_service_quota(ServiceCode="lambda", QuotaCode="L-00000000")


def test_addresses_are_those_of_this_machine(control_plane: RunningControlPlane, network: dict[str, Any]) -> None:
    mq, rds, elb = (control_plane.client(service) for service in ("mq", "rds", "elbv2"))
    broker = mq.create_broker(
        BrokerName="main",
        EngineType="RABBITMQ",
        EngineVersion="4.2",
        HostInstanceType="mq.m7g.medium",
        DeploymentMode="SINGLE_INSTANCE",
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True,
        Users=[{"Username": "first", "Password": "generated-elsewhere"}],
    )
    (instance,) = mq.describe_broker(BrokerId=broker["BrokerId"])["BrokerInstances"]
    assert instance["Endpoints"] == [ADDRESSES["broker.endpoint"]]
    assert instance["ConsoleURL"] == ADDRESSES["broker.management_url"]
    (described,) = [each for each in control_plane.resources()["brokers"] if each["id"] == broker["BrokerId"]]
    assert described["users"] == [{"username": "first", "password": "generated-elsewhere"}]
    create_database(control_plane, "addressed", Port=5432)
    (database,) = rds.describe_db_instances(DBInstanceIdentifier="addressed")["DBInstances"]
    assert database["Endpoint"]["Address"] == ADDRESSES["database.host"]
    assert database["Endpoint"]["Port"] == int(ADDRESSES["database.port"])
    proxy = rds.create_db_proxy(
        DBProxyName="pool", EngineFamily="POSTGRESQL", RoleArn=ROLE, Auth=[], VpcSubnetIds=network["subnets"]
    )
    assert proxy["DBProxy"]["Endpoint"] == ADDRESSES["database.host"]
    assert "DefaultAuthScheme" not in proxy["DBProxy"]
    (balancer,) = elb.create_load_balancer(Name="front", Subnets=network["subnets"])["LoadBalancers"]
    assert balancer["DNSName"] == ADDRESSES["gateway"]


def test_cloudwatch_speaks_cbor(control_plane: RunningControlPlane, tmp_path: Path) -> None:
    cloudwatch = control_plane.cbor_client("cloudwatch", tmp_path)
    sent: list[Any] = []
    cloudwatch.meta.events.register("before-send", lambda request, **_: sent.append(request))
    asked = {
        "AlarmName": "in-cbor",
        "AlarmDescription": "naïve, 25 signs or more: " + "long " * 60,
        "ComparisonOperator": "LessThanThreshold",
        "EvaluationPeriods": 300,
        "Metrics": [{"Id": "sum", "Expression": "SUM([1, 2])", "ReturnData": True}],
        "Threshold": -1.5,
        "ActionsEnabled": False,
        "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:topic"],
    }
    cloudwatch.put_metric_alarm(**asked, Tags=[{"Key": "made", "Value": "here"}])
    (found,) = cloudwatch.describe_alarms(AlarmNames=["in-cbor"])["MetricAlarms"]
    assert {name: found[name] for name in asked} == asked
    assert found["StateUpdatedTimestamp"].year == datetime.now(UTC).year
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [
        {"Key": "made", "Value": "here"}
    ]
    body = json.dumps({"widgets": []})
    cloudwatch.put_dashboard(DashboardName="in-cbor", DashboardBody=body)
    assert cloudwatch.get_dashboard(DashboardName="in-cbor")["DashboardBody"] == body
    cloudwatch.delete_alarms(AlarmNames=["in-cbor"])
    assert cloudwatch.describe_alarms(AlarmNames=["in-cbor"])["MetricAlarms"] == []
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloudwatch.get_dashboard(DashboardName="none")
    assert all(
        "/operation/" in request.url and request.headers["smithy-protocol"] == b"rpc-v2-cbor" for request in sent
    )
