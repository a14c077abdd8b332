"""What is not answered: the error names service and operation, in the protocol that the client speaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from integration.aws.control_plane.running_control_plane import RunningControlPlane

_TIERS = {"Id": "cold", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
_RULE = {
    "RuleName": "all",
    "ResourceARN": "*",
    "Priority": 1,
    "FixedRate": 1.0,
    "ReservoirSize": 1,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "Version": 1,
}


@pytest.mark.parametrize(
    ("service", "call", "named"),
    [
        pytest.param(
            "logs",
            lambda logs: logs.put_data_protection_policy(logGroupIdentifier="group", policyDocument="{}"),
            "logs PutDataProtectionPolicy",
            id="json",
        ),
        pytest.param(
            "rds",
            lambda rds: rds.create_db_proxy_endpoint(
                DBProxyName="one", DBProxyEndpointName="two", VpcSubnetIds=["subnet-1"]
            ),
            "rds CreateDBProxyEndpoint",
            id="query",
        ),
        pytest.param(
            "ec2",
            lambda ec2: ec2.create_local_gateway_route_table(LocalGatewayId="lgw-1"),
            "ec2 CreateLocalGatewayRouteTable",
            id="ec2",
        ),
        pytest.param(
            "xray",
            lambda xray: xray.create_sampling_rule(SamplingRule=_RULE),
            "xray CreateSamplingRule",
            id="rest-json",
        ),
        pytest.param(
            "cloudfront",
            lambda cloudfront: cloudfront.create_realtime_log_config(
                EndPoints=[{"StreamType": "Kinesis"}], Fields=["time"], Name="one", SamplingRate=1
            ),
            "cloudfront CreateRealtimeLogConfig",
            id="rest-xml",
        ),
        pytest.param(
            "cloudwatch",
            lambda cloudwatch: cloudwatch.put_anomaly_detector(Namespace="one", MetricName="two", Stat="Sum"),
            "monitoring PutAnomalyDetector",
            id="json of a service with several",
        ),
        pytest.param(
            "application-signals",
            lambda signals: signals.list_services(StartTime=0, EndTime=1),
            "application-signals ListServices",
            id="a service that moto has not",
        ),
        pytest.param(
            "s3",
            lambda s3: s3.put_bucket_intelligent_tiering_configuration(
                Bucket="any", Id="cold", IntelligentTieringConfiguration=_TIERS
            ),
            "s3 PutBucketIntelligentTieringConfiguration",
            id="what moto takes for another operation",
        ),
        pytest.param("lambda", lambda client: client.list_functions(), "lambda ListFunctions", id="the platform's own"),
    ],
)
def test_a_call_that_is_not_emulated_is_named(
    control_plane: RunningControlPlane, service: str, call: Callable[[Any], Any], named: str
) -> None:
    before = control_plane.journal.read_bytes()
    with pytest.raises(ClientError, match=re.escape(f"{named} is not emulated")):
        call(control_plane.client(service))
    assert control_plane.journal.read_bytes() == before


def test_a_call_in_cbor_that_is_not_emulated_is_named(control_plane: RunningControlPlane, tmp_path: Path) -> None:
    cloudwatch = control_plane.cbor_client("cloudwatch", tmp_path)
    with pytest.raises(ClientError, match="monitoring PutAnomalyDetector is not emulated"):
        cloudwatch.put_anomaly_detector(Namespace="one", MetricName="two", Stat="Sum")


@pytest.mark.parametrize("path", ["/moto-api/reset", "/latest/meta-data/", "/moto-api/seed?a=1"])
def test_motos_own_doors_are_shut(control_plane: RunningControlPlane, path: str) -> None:
    assert httpx.post(control_plane.address + path).status_code == 501


@pytest.mark.parametrize(
    "headers", [{"Host": "rebound.example"}, {"Origin": "https://page.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_reads_no_secret(control_plane: RunningControlPlane, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{control_plane.address}/_localregion/resources", headers=headers)
    assert answer.status_code in (403, 421)
    assert "access-control-allow-origin" not in answer.headers


def test_nothing_reaches_the_network(control_plane: RunningControlPlane) -> None:
    sns = control_plane.client("sns")
    topic = sns.create_topic(Name="outwards")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{control_plane.address}/anything")
    # moto would call the address.
    with pytest.raises(ClientError, match="opens no connection"):
        sns.publish(TopicArn=topic, Message="hello")
