"""The stack's configuration: what is refused, and with which words."""

import json
from typing import Any

import pytest
from tests.infra.program import ROOT
from tests.infra.registered import register

from configuration import PACKAGES, Configuration, ConfigurationError, read_configuration
from localregion.plan.evaluate import stack_config

GOOD = {
    "aws:region": "us-east-1",
    "serverless-orders:consumers": json.dumps(["demo"]),
    "serverless-orders:availabilityZones": "2",
    "serverless-orders:natGateways": "Single",
    "serverless-orders:databaseInstanceClass": "db.t4g.micro",
    "serverless-orders:brokerInstanceType": "mq.m7g.medium",
    "serverless-orders:brokerDeploymentMode": "SINGLE_INSTANCE",
    "serverless-orders:plainHttp": "true",
}


def read(**changes: str | None) -> Configuration:
    config = {**GOOD, **{f"serverless-orders:{key}": value for key, value in changes.items()}}
    found: list[Any] = []
    register(
        lambda: found.append(read_configuration()),
        {key: value for key, value in config.items() if value is not None},
    )
    return found[0]


def test_what_a_stack_leaves_out_is_what_a_deployed_one_needs() -> None:
    config = read()

    assert config.prefix == "test-"
    assert (config.database_auth, config.database_ssl_mode) == ("iam", "verify-full")
    assert config.lambda_endpoint is None


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("brokerDeploymentMode", "CLUSTER", "one of SINGLE_INSTANCE, CLUSTER_MULTI_AZ"),
        ("brokerInstanceType", "mq.t3.micro", r"like mq\\.m7g"),
        ("availabilityZones", "1", "a number from 2 to 3"),
        ("vpcCidr", "10.1.0.0/20", "a /16 in one of 10"),
        ("vpcCidr", "100.64.0.0/16", "a /16 in one of 10"),
        ("vpcCidr", "10.1.2.3/16", "a block of addresses like"),
        ("databaseStorageMax", "20", "a number from 22 to 65536"),
        ("flowLogs", "true", "one of NONE, REJECT, ALL"),
        ("accessLogs", "yes", "one of true, false"),
        ("waf", "on", "one of true, false"),
        ("brokerEncryption", "key", "one of true, false"),
        ("backupRegion", "Oregon", "like "),
        ("backupRegion", "us-east-1", "another region than aws:region"),
        ("accountConcurrency", "5", "a number from 10 to 1000000"),
        ("reservedConcurrency", '{"create_order": 899}', "at most 900 together with the relays' 1 each"),
        ("zoneCidrMask", "16", "a number from 17 to 18"),
        ("databaseVersion", "14", "like 1"),
        ("databasePort", "25432", "5432, the port of RDS Proxy"),
        ("databasePort", "80", "a number from 1150 to 65535"),
        ("databaseUpgrade", "now", "one of true, false"),
        ("databaseMultiAz", "yes", "one of true, false"),
        ("prefix", "Dev", "like "),
        ("consumers", '["demo", "demo"]', "different names"),
        ("consumers", '"demo"', "a list"),
        ("requestsPerSecond", '{"demo": 0}', r"a map of consumers \(demo\) to numbers"),
        ("requestsPerSecond", '{"nobody": 5}', r"a map of consumers \(demo\) to numbers"),
        ("spansEndpoint", "collector", "like https"),
        ("otlpEndpoint", "http://collector:4318/v1/traces", "like http:"),
        ("otlpEndpoint", "https://collector:4318", "like http:"),
        ("tracing", "off", "one of true, false"),
        ("traceSampling", "2", "like 0"),
        ("collectorLayer", "0.22.0", "like "),
        ("collectorImage", "latest", "like v"),
        ("alarmEmail", "nobody", "like "),
        ("logRetentionDays", "10", "one of 1, 3, 5, 7"),
        ("privateEndpoints", "no", "one of true, false"),
        ("consumerEnvironments", "4", "a number from 1 to 3"),
        ("gatewayTasksMax", "0", "a number from 1 to 200"),
        ("snapStart", '["unknown"]', "a list of functions"),
        ("reservedConcurrency", '{"unknown": 5}', "a map of function names to numbers"),
        ("natGateways", "None", "one of Single, OnePerAz"),
        ("databaseAuth", "password", "one of iam, secret"),
        ("kongVersion", "latest", "like 3"),
        ("operatorAccess", "true", "a list of IAM users"),
        ("operatorAccess", '["*"]', "a list of IAM users"),
        ("operatorAccess", '["arn:aws:iam::123456789012:root"]', "a list of IAM users"),
        ("operatorAccess", '["arn:aws:iam::123456789012:user/*"]', "a list of IAM users"),
        ("operatorAccess", '["arn:aws:iam::123456789012:role/admins"]', "a list of IAM users"),
        ("reservedConcurrency", '{"create_order": "5"}', "a map of function names to numbers"),
        ("lambdaEndpoint", '{"host": "127.0.0.1"}', "a map of host, port, accessKey and secretKey"),
    ],
)
def test_a_bad_value_is_refused_with_its_key_and_what_is_wanted(key: str, value: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=f"serverless-orders:{key} is .*{complaint}"):
        read(**{key: value})


@pytest.mark.parametrize("key", ["natGateways", "databaseInstanceClass", "availabilityZones"])
def test_a_missing_value_is_refused_with_its_key(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"serverless-orders:{key} is missing"):
        read(**{key: None})


def test_a_consumer_without_a_limit_of_its_own_has_the_default_one() -> None:
    config = read(consumers='["demo", "other"]', requestsPerSecond='{"demo": 7}')

    assert config.consumers == {"demo": 7, "other": 100}


def test_a_stack_without_certificate_must_ask_for_plain_http() -> None:
    with pytest.raises(ConfigurationError, match="certificateArn is missing"):
        read(plainHttp=None)


def test_a_protected_stack_is_never_reached_over_plain_http() -> None:
    with pytest.raises(ConfigurationError, match="plainHttp is 'true', it must be false where isProtected is true"):
        read(isProtected="true")


def test_three_zones_do_not_fit_into_halves() -> None:
    with pytest.raises(ConfigurationError, match="zoneCidrMask is 17, it must be 18 for three zones"):
        read(availabilityZones="3", zoneCidrMask="17")


def test_a_region_is_spelt_as_aws_does() -> None:
    with pytest.raises(ConfigurationError, match="aws:region is 'Ireland'"):
        register(read_configuration, {**GOOD, "aws:region": "Ireland"})


def test_what_can_be_refused_or_costs_money_is_off_where_a_stack_says_nothing() -> None:
    config = read()

    assert (config.broker_encryption, config.access_logs, config.waf) == (False, False, False)
    assert (config.flow_logs, config.backup_region, config.vpc_cidr) == ("NONE", None, "10.0.0.0/16")


def test_the_relays_run_once_and_a_stack_reserves_beside_them() -> None:
    assert read().reserved_concurrency == {"outbox_relay": 1, "invoices_relay": 1}
    assert read(reservedConcurrency='{"create_order": 898}').reserved_concurrency["create_order"] == 898


@pytest.mark.parametrize("quota", ["10", "50", "100"])
def test_an_account_whose_whole_quota_stays_unreserved_reserves_nothing_the_relays_included(quota: str) -> None:
    assert read(accountConcurrency=quota, reservedConcurrency='{"create_order": 100}').reserved_concurrency == {}


def test_a_larger_quota_is_reserved_from() -> None:
    assert read(accountConcurrency="3000", reservedConcurrency='{"create_order": 2000}').reserved_concurrency == {
        "outbox_relay": 1,
        "invoices_relay": 1,
        "create_order": 2000,
    }


def test_the_functions_of_the_configuration_are_the_packages_of_the_project() -> None:
    packages = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    assert {*PACKAGES.values()} == packages


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_deployed_stack_tags_whatever_it_creates(stack: str) -> None:
    config, _ = stack_config(ROOT / "infra", stack)

    assert (
        json.loads(config["aws:defaultTags"])["tags"].items()
        >= {"project": "serverless-orders", "stack": stack}.items()
    )
