"""What stands in front of Kong where the stack asks for it: a record of each request, and a firewall."""

import json

import pulumi
from tests.infra.registered import register
from tests.infra.test_gateway import build_gateway

from components.key import Key, KeyArgs
from components.load_balancer import AccessLogs

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BALANCERS = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/*"
NAME = "gateway-access-logs"
LOGS = AccessLogs(days=7, balancers=BALANCERS)
WEB_ACL = "aws:wafv2/webAcl:WebAcl"


def test_requests_are_logged_into_a_bucket_that_lets_the_balancers_of_the_account_in_first() -> None:
    registered = build_gateway(None, access_logs=LOGS)

    bucket, balancer = registered.one("aws:s3/bucket:Bucket", NAME), registered.one(BALANCER)
    policy = registered.one("aws:s3/bucketPolicy:BucketPolicy", NAME)
    assert balancer.inputs["accessLogs"] == {"bucket": bucket.id, "enabled": True}
    assert policy.urn in balancer.dependencies
    _, delivered = json.loads(policy.inputs["policy"])["Statement"]
    assert delivered["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert delivered["Resource"] == "arn:aws:s3:::dev-orders-access-logs/AWSLogs/*"
    assert delivered["Condition"] == {"ArnLike": {"aws:SourceArn": BALANCERS}}


def test_the_key_says_whose_balancers_they_are() -> None:
    def program() -> None:
        key = Key("key", KeyArgs(prefix="dev-", region="us-east-1", is_protected=False))
        arn = key.beside("elasticloadbalancing", "loadbalancer/*")
        pulumi.ComponentResource("test:index:Reader", "reader", {"arn": arn})

    assert register(program).one("test:index:Reader").inputs["arn"] == BALANCERS


def test_access_logs_are_encrypted_by_s3_as_aws_demands_and_end_with_the_other_logs() -> None:
    registered = build_gateway(None, access_logs=LOGS)

    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (encryption,) = registered.one(type_, NAME).inputs["rules"]
    (rule,) = registered.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", NAME).inputs["rules"]
    assert encryption["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert rule["expiration"] == {"days": 7}


def test_the_firewall_has_an_addresss_limit_and_stands_in_front_of_the_balancer() -> None:
    registered = build_gateway(None, has_web_acl=True)

    rules = {rule["name"]: rule for rule in registered.one(WEB_ACL).inputs["rules"]}
    rate = rules["addresses"]["statement"]["rateBasedStatement"]
    assert (rate["limit"], rate["evaluationWindowSec"]) == (200 * 60, 60)
    assert rules["addresses"]["action"]["block"]["customResponse"] == {"responseCode": 429}
    association = registered.one("aws:wafv2/webAclAssociation:WebAclAssociation").inputs
    assert association["resourceArn"] == registered.one(BALANCER).outputs["arn"]
    assert association["webAclArn"] == registered.one(WEB_ACL).outputs["arn"]


def test_the_firewalls_common_rules_count_what_they_find_in_bodies_and_block_the_rest() -> None:
    rules = build_gateway(None, has_web_acl=True).one(WEB_ACL).inputs["rules"]
    (common,) = [rule for rule in rules if rule["name"] == "AWSManagedRulesCommonRuleSet"]

    overrides = common["statement"]["managedRuleGroupStatement"]["ruleActionOverrides"]
    assert {each["name"] for each in overrides if "count" in each["actionToUse"]} == {
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
    }
    assert common["overrideAction"] == {"none": {}}
    assert len({rule["priority"] for rule in rules}) == len(rules)


def test_without_the_keys_there_is_neither() -> None:
    registered = build_gateway(None)

    assert "accessLogs" not in registered.one(BALANCER).inputs
    assert not [each for each in registered.resources if each.name == NAME or each.type.startswith("aws:wafv2/")]
