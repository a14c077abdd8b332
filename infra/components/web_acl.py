"""A web application firewall in front of the load balancer: a limit for each address, and AWS's managed rules.

Bodies, which Kong and the functions check themselves, are only counted by the common rules: those that match text would
refuse orders and webhooks for what stands in them, and the size rule every body beyond 8 KB.
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

WINDOW_S = 60
MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
# Programs order here, and many of them name no user agent.
COUNTED = {
    "AWSManagedRulesCommonRuleSet": (
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
    ),
}


@dataclass(frozen=True, kw_only=True)
class WebAclArgs:
    """What an address may ask in a second, over a minute; `balancer_arn` is what it stands in front of."""

    prefix: str
    address_requests_per_second: int
    balancer_arn: pulumi.Input[str]


class WebAcl(pulumi.ComponentResource):
    """The firewall of one load balancer.

    Creates:
      - a web ACL: what no rule blocks passes
      - its association with the balancer
    """

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:WebAcl", name, None, opts)
        acl = aws.wafv2.WebAcl(
            name,
            name=f"{args.prefix}orders",
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[_rate(args), *(_managed(group, priority) for priority, group in enumerate(MANAGED, start=1))],
            visibility_config=_visible(f"{args.prefix}orders"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.wafv2.WebAclAssociation(
            name, web_acl_arn=acl.arn, resource_arn=args.balancer_arn, opts=pulumi.ResourceOptions(parent=self)
        )
        self.register_outputs({})


def _rate(args: WebAclArgs) -> dict[str, Any]:
    """Return the limit of an address, all of Kong's tasks together: Kong's own counts in each task for itself."""
    limit = args.address_requests_per_second * WINDOW_S
    return {
        "name": "addresses",
        "priority": 0,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {"limit": limit, "aggregate_key_type": "IP", "evaluation_window_sec": WINDOW_S}
        },
        "visibility_config": _visible("addresses"),
    }


def _managed(group: str, priority: int) -> dict[str, Any]:
    counted = [{"name": rule, "action_to_use": {"count": {}}} for rule in COUNTED.get(group, ())]
    return {
        "name": group,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {
            "managed_rule_group_statement": {"vendor_name": "AWS", "name": group, "rule_action_overrides": counted}
        },
        "visibility_config": _visible(group),
    }


def _visible(metric: str) -> dict[str, Any]:
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
