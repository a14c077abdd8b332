"""The load balancer: itself, its target group, its listener."""

from __future__ import annotations

import contextlib
from typing import Any

from tests.infra.deployment.api import Api, Created, given, until


def target_group(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    elb, check = api.client("elbv2"), inputs["healthCheck"]
    with contextlib.suppress(elb.exceptions.TargetGroupNotFoundException):
        elb.describe_target_groups(Names=[inputs["name"]])
    arn = elb.create_target_group(
        HealthCheckEnabled=True,
        HealthCheckIntervalSeconds=check["interval"],
        HealthCheckPath=check["path"],
        HealthCheckPort=check["port"],
        HealthCheckProtocol=check.get("protocol", "HTTP"),
        HealthyThresholdCount=check["healthyThreshold"],
        ProtocolVersion=inputs.get("protocolVersion", ""),
        Tags=api.tags(),
        UnhealthyThresholdCount=check.get("unhealthyThreshold", 3),
        **given(inputs, Name="name", Port="port", Protocol="protocol", TargetType="targetType", VpcId="vpcId"),
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.describe_target_groups(TargetGroupArns=[arn])
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(inputs["deregistrationDelay"])}
    elb.modify_target_group_attributes(Attributes=[delay], TargetGroupArn=arn)
    elb.describe_target_group_attributes(TargetGroupArn=arn)
    elb.describe_tags(ResourceArns=[arn])
    suffix = arn.rpartition(":")[2]
    return Created(
        id=arn,
        outputs={"arn": arn, "arnSuffix": suffix, "name": inputs["name"]},
        delete=lambda: elb.delete_target_group(TargetGroupArn=arn),
    )


def load_balancer(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    elb, ec2 = api.client("elbv2"), api.client("ec2")
    with contextlib.suppress(elb.exceptions.LoadBalancerNotFoundException):
        elb.describe_load_balancers(Names=[inputs["name"]])
    arn = elb.create_load_balancer(
        Tags=api.tags(),
        **given(inputs, Name="name", SecurityGroups="securityGroups", Subnets="subnets", Type="loadBalancerType"),
    )["LoadBalancers"][0]["LoadBalancerArn"]
    (found,) = until(
        lambda: elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"],
        lambda answer: answer[0]["State"]["Code"] == "active",
    )
    attributes = [{"Key": key, "Value": value} for key, value in _attributes(inputs).items()]
    elb.modify_load_balancer_attributes(Attributes=attributes, LoadBalancerArn=arn)
    elb.describe_load_balancer_attributes(LoadBalancerArn=arn)
    elb.describe_tags(ResourceArns=[arn])
    suffix = arn.partition(":loadbalancer/")[2]

    def delete() -> None:
        elb.delete_load_balancer(LoadBalancerArn=arn)
        ec2.describe_network_interfaces(
            Filters=[
                {"Name": "attachment.instance-owner-id", "Values": ["amazon-elb"]},
                {"Name": "description", "Values": [f"ELB {suffix}"]},
            ]
        )

    outputs = {"arn": arn, "arnSuffix": suffix, "dnsName": found["DNSName"], "name": inputs["name"]}
    return Created(id=arn, outputs=outputs, delete=delete)


def _attributes(inputs: dict[str, Any]) -> dict[str, str]:
    """Return every attribute, as the provider sets them all at once."""
    logs = inputs.get("accessLogs", {})
    asked = {
        "access_logs.s3.enabled": logs.get("enabled", False),
        "client_keep_alive.seconds": 3600,
        "connection_logs.s3.enabled": False,
        "deletion_protection.enabled": inputs.get("enableDeletionProtection", False),
        "idle_timeout.timeout_seconds": 60,
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": inputs.get("dropInvalidHeaderFields", False),
        "routing.http.preserve_host_header.enabled": False,
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": False,
        "routing.http.xff_client_port.enabled": False,
        "routing.http.xff_header_processing.mode": "append",
        "routing.http2.enabled": True,
        "waf.fail_open.enabled": False,
        **({"access_logs.s3.bucket": logs["bucket"]} if logs else {}),
    }
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in asked.items()}


def listener(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    elb = api.client("elbv2")
    actions = [
        {"Order": number, "TargetGroupArn": each["targetGroupArn"], "Type": each["type"]}
        for number, each in enumerate(inputs["defaultActions"], start=1)
    ]
    arn = elb.create_listener(
        DefaultActions=actions,
        Tags=api.tags(),
        **given(inputs, LoadBalancerArn="loadBalancerArn", Port="port", Protocol="protocol"),
    )["Listeners"][0]["ListenerArn"]
    elb.describe_listeners(ListenerArns=[arn])
    elb.describe_tags(ResourceArns=[arn])
    return Created(id=arn, outputs={"arn": arn}, delete=lambda: elb.delete_listener(ListenerArn=arn))


RESOURCES = {
    "aws:lb/listener:Listener": listener,
    "aws:lb/loadBalancer:LoadBalancer": load_balancer,
    "aws:lb/targetGroup:TargetGroup": target_group,
}
