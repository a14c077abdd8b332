"""What moto lacks, by boto3: each is as AWS documents it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from integration.aws.control_plane.running_control_plane import ADDRESSES, RunningControlPlane

ROLE = "arn:aws:iam::000000000000:role/pool"


@pytest.fixture(scope="module")
def network(control_plane: RunningControlPlane) -> dict[str, Any]:
    """A VPC with two subnets."""
    ec2 = control_plane.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = {"us-east-1a": "10.9.0.0/24", "us-east-1b": "10.9.1.0/24"}
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, cidr in zones.items()
    ]
    control_plane.client("rds").create_db_subnet_group(
        DBSubnetGroupName="both", DBSubnetGroupDescription="both zones", SubnetIds=subnets
    )
    return {"vpc": vpc, "subnets": subnets}


def create_database(control_plane: RunningControlPlane, name: str, **changes: Any) -> dict[str, Any]:
    created: dict[str, Any] = control_plane.client("rds").create_db_instance(
        **{
            "DBInstanceIdentifier": name,
            "DBInstanceClass": "db.t4g.micro",
            "Engine": "postgres",
            "EngineVersion": "18",
            "AllocatedStorage": 20,
            "DBName": "things",
            "MasterUsername": "administrator",
            "ManageMasterUserPassword": True,
            "DBSubnetGroupName": "both",
            **changes,
        }
    )["DBInstance"]
    return created


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


def test_a_proxy_says_how_it_lets_clients_in(control_plane: RunningControlPlane, network: dict[str, Any]) -> None:
    rds = control_plane.client("rds")
    rds.create_db_proxy(
        DBProxyName="by-iam",
        EngineFamily="POSTGRESQL",
        RoleArn=ROLE,
        DefaultAuthScheme="IAM_AUTH",
        VpcSubnetIds=network["subnets"],
    )
    (found,) = rds.describe_db_proxies(DBProxyName="by-iam")["DBProxies"]
    assert found["DefaultAuthScheme"] == "IAM_AUTH"


@pytest.mark.usefixtures("network")
def test_each_database_has_a_resource_id_of_its_own(control_plane: RunningControlPlane) -> None:
    ids = {name: create_database(control_plane, name)["DbiResourceId"] for name in ("first", "second")}
    filters = [{"Name": "dbi-resource-id", "Values": [ids["second"]]}]
    (found,) = control_plane.client("rds").describe_db_instances(Filters=filters)["DBInstances"]
    assert found["DBInstanceIdentifier"] == "second"
    assert ids["first"] != ids["second"]


@pytest.mark.usefixtures("network")
def test_a_database_says_what_was_asked_of_it(control_plane: RunningControlPlane) -> None:
    rds = control_plane.client("rds")
    plain = create_database(control_plane, "plain")
    assert "EngineLifecycleSupport" not in plain
    assert "PerformanceInsightsEnabled" not in plain
    key = control_plane.client("kms").create_key()["KeyMetadata"]["Arn"]
    support = "open-source-rds-extended-support-disabled"
    made = create_database(
        control_plane,
        "watched",
        EnablePerformanceInsights=True,
        PerformanceInsightsKMSKeyId=key,
        EngineLifecycleSupport=support,
    )
    assert made["EngineLifecycleSupport"] == support
    insights = (made["PerformanceInsightsKMSKeyId"], made["PerformanceInsightsRetentionPeriod"])
    assert (made["PerformanceInsightsEnabled"], *insights) == (True, key, 7)
    changed = rds.modify_db_instance(DBInstanceIdentifier="watched", PerformanceInsightsRetentionPeriod=31)
    assert changed["DBInstance"]["PerformanceInsightsRetentionPeriod"] == 31
    assert changed["DBInstance"]["PerformanceInsightsKMSKeyId"] == key
    off = rds.modify_db_instance(DBInstanceIdentifier="watched", EnablePerformanceInsights=False)["DBInstance"]
    assert off["PerformanceInsightsEnabled"] is False
    assert "PerformanceInsightsKMSKeyId" not in off


@pytest.mark.usefixtures("network")
def test_a_managed_secret_holds_the_master_user_and_a_password_of_its_own(control_plane: RunningControlPlane) -> None:
    secrets_manager = control_plane.client("secretsmanager")
    arns = [create_database(control_plane, name)["MasterUserSecret"]["SecretArn"] for name in ("mine", "yours")]
    values = [json.loads(secrets_manager.get_secret_value(SecretId=arn)["SecretString"]) for arn in arns]
    assert [value["username"] for value in values] == ["administrator", "administrator"]
    assert values[0]["password"] != values[1]["password"]
    assert len(values[0]["password"]) == 32
    found = {each["id"]: each["secret_arn"] for each in control_plane.resources()["databases"]}
    assert [found["mine"], found["yours"]] == arns


@pytest.mark.usefixtures("network")
def test_backups_are_copied_to_another_region(control_plane: RunningControlPlane) -> None:
    source = create_database(control_plane, "copied")["DBInstanceArn"]
    here, there = control_plane.client("rds"), control_plane.client("rds", "us-west-2")
    copy = there.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source, BackupRetentionPeriod=3)
    arn = copy["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"]
    (found,) = there.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=arn)[
        "DBInstanceAutomatedBackups"
    ]
    assert (found["Status"], found["DBInstanceArn"], found["BackupRetentionPeriod"]) == ("replicating", source, 3)
    (instance,) = here.describe_db_instances(DBInstanceIdentifier="copied")["DBInstances"]
    assert instance["DBInstanceAutomatedBackupsReplications"] == [{"DBInstanceAutomatedBackupsArn": arn}]
    there.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source)
    assert (
        there.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=arn)["DBInstanceAutomatedBackups"]
        == []
    )
    (instance,) = here.describe_db_instances(DBInstanceIdentifier="copied")["DBInstances"]
    assert instance["DBInstanceAutomatedBackupsReplications"] == []


def test_a_parameter_that_was_set_is_the_users(control_plane: RunningControlPlane) -> None:
    rds = control_plane.client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="set", DBParameterGroupFamily="postgres18", Description="set")
    parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="set", Parameters=[parameter])
    for asked_for in ({}, {"Source": "user"}):
        found = rds.describe_db_parameters(DBParameterGroupName="set", **asked_for)["Parameters"]
        assert found == [{**parameter, "Source": "user"}]
    assert rds.describe_db_parameters(DBParameterGroupName="set", Source="engine-default")["Parameters"] == []


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
