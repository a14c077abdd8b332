"""What stands in front: the load balancer's record of requests, its firewall, and the buckets that keep such things."""

import json
from collections.abc import Iterator
from typing import Any

from policies.model import Resource, Stack, policy

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
COMMON_RULES = "AWSManagedRulesCommonRuleSet"


@policy(BALANCER)
def balancers_log_requests(resource: Resource, stack: Stack) -> Iterator[str]:
    """In production each request leaves a line in a bucket of the program, into which the balancer may write."""
    logs = resource.properties.get("accessLogs") or {}
    if not logs.get("enabled"):
        if stack.is_production:
            yield "accessLogs must be enabled in production"
        return
    statements = [each for found in _of_bucket(stack, BUCKET_POLICY, logs["bucket"]) for each in _statements(found)]
    if not any((each["Principal"] or {}) == {"Service": DELIVERY} for each in statements):
        yield f"bucket {logs['bucket']} of the program must let {DELIVERY} in"


@policy(BUCKET, BALANCER)
def buckets_are_closed(resource: Resource, stack: Stack) -> Iterator[str]:
    """A bucket is encrypted, has nothing public, is reached over TLS alone, and ends what it keeps."""
    if resource.type != BUCKET:
        return
    name = str(resource.properties["id"])
    blocks = [each.properties for each in _of_bucket(stack, BLOCK, name)]
    if not any(all(block.get(key) is True for key in BLOCKS) for block in blocks):
        yield "it must block all public access"
    if not _of_bucket(stack, ENCRYPTION, name):
        yield "it must say how it is encrypted"
    if not _of_bucket(stack, LIFECYCLE, name):
        yield "it must say how long it keeps old versions"
    statements = [each for found in _of_bucket(stack, BUCKET_POLICY, name) for each in _statements(found)]
    if not any(_denies_without_tls(each) for each in statements):
        yield "its policy must deny what comes without TLS"


@policy(BALANCER)
def firewalls_read_no_bodies(resource: Resource, stack: Stack) -> Iterator[str]:
    """A firewall limits addresses, and no common rule of it blocks an order or a webhook for what is in its body."""
    associated = {each.properties["webAclArn"] for each in stack.of_type(ASSOCIATION)}
    for acl in stack.of_type(WEB_ACL):
        if acl.properties["arn"] not in associated:
            yield f"web ACL {acl.name} stands in front of nothing"
        statements = [rule["statement"] for rule in acl.properties["rules"]]
        if not any(statement.get("rateBasedStatement") for statement in statements):
            yield f"web ACL {acl.name} limits no address"
        for statement in statements:
            if blocking := _blocking_body_rules(statement.get("managedRuleGroupStatement") or {}):
                yield f"web ACL {acl.name} blocks by {', '.join(blocking)}"


def _blocking_body_rules(group: Any) -> list[str]:
    if group.get("name") != COMMON_RULES:
        return []
    overrides = group.get("ruleActionOverrides") or ()
    counted = {each["name"] for each in overrides if "count" in each["actionToUse"]}
    return sorted(BODY_RULES - counted)


BODY_RULES = frozenset(
    {
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "SizeRestrictions_BODY",
    }
)


def _of_bucket(stack: Stack, type_: str, bucket: str) -> list[Resource]:
    return [each for each in stack.of_type(type_) if each.properties["bucket"] == bucket]


def _statements(resource: Resource) -> list[dict[str, Any]]:
    return list(json.loads(resource.properties["policy"])["Statement"])


def _denies_without_tls(statement: dict[str, Any]) -> bool:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return (statement["Effect"], statement["Principal"], statement.get("Condition")) == ("Deny", "*", condition)
