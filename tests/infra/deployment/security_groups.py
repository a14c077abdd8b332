"""Security groups, which the provider empties of what EC2 puts into them, and their rules one by one."""

from __future__ import annotations

from typing import Any

from tests.infra.deployment.api import Api, Created, gone, unique


def group(api: Api, name: str, inputs: dict[str, Any]) -> Created:
    ec2, called = api.client("ec2"), inputs.get("name") or unique(name)
    made = ec2.create_security_group(
        Description=inputs["description"],
        GroupName=called,
        VpcId=inputs["vpcId"],
        TagSpecifications=api.tag_specification("security-group"),
    )["GroupId"]
    ec2.describe_security_groups(GroupIds=[made])
    everything: dict[str, Any] = {"FromPort": 0, "ToPort": 0, "IpProtocol": "-1"}
    for ranges in ({"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}):
        ec2.revoke_security_group_egress(GroupId=made, IpPermissions=[everything | ranges])
    ec2.describe_security_groups(GroupIds=[made])

    def delete() -> None:
        ec2.delete_security_group(GroupId=made)
        gone(lambda: ec2.describe_security_groups(GroupIds=[made]))

    return Created(id=made, outputs={"name": called, "vpcId": inputs["vpcId"]}, delete=delete)


def _rule(api: Api, inputs: dict[str, Any], direction: str) -> Created:
    ec2, group_id = api.client("ec2"), inputs["securityGroupId"]
    permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"]}
    if "fromPort" in inputs:
        permission |= {"FromPort": inputs["fromPort"], "ToPort": inputs["toPort"]}
    if "cidrIpv4" in inputs:
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"]}]
    else:
        permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"]}]
    authorize = getattr(ec2, f"authorize_security_group_{direction}")
    made = authorize(GroupId=group_id, IpPermissions=[permission])["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    ec2.create_tags(Resources=[made], Tags=api.tags())
    revoke = getattr(ec2, f"revoke_security_group_{direction}")
    return Created(
        id=made,
        outputs={"securityGroupRuleId": made},
        delete=lambda: revoke(GroupId=group_id, SecurityGroupRuleIds=[made]),
    )


def ingress_rule(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    return _rule(api, inputs, "ingress")


def egress_rule(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    return _rule(api, inputs, "egress")


RESOURCES = {
    "aws:ec2/securityGroup:SecurityGroup": group,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": egress_rule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ingress_rule,
}
