"""The components that hold data: network, secret, database, broker."""

import json
from typing import Any

import pulumi
import pytest

from components.broker import Broker, BrokerArgs
from components.database import Database, DatabaseArgs
from components.network import Network, NetworkArgs
from components.policy import policy_document
from components.secret import Secret, SecretArgs, login
from tests.infra.registered import Registered, register, revealed

SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def test_the_network_states_what_would_cost_money_by_default() -> None:
    arguments = NetworkArgs(cidr_block="10.0.0.0/16", availability_zones=2, nat_gateways="Single")
    registered = register(lambda: Network("network", arguments))

    vpc = registered.one("awsx:ec2:Vpc").inputs
    assert vpc["natGateways"] == {"strategy": "Single"}
    assert vpc["numberOfAvailabilityZones"] == 2
    assert vpc["enableDnsHostnames"] is True
    assert registered.one("aws:ec2/securityGroup:SecurityGroup").inputs["vpcId"] == "vpc-0"


def test_a_secret_is_generated_marked_and_never_rotated_by_a_deployment() -> None:
    registered = register(lambda: Secret("s", login("broker/x", "x")))

    version = registered.one(SECRET_VERSION)
    content = json.loads(revealed(version.inputs["secretString"]))
    assert content["username"] == "x"
    assert len(content["password"]) == 40
    assert version.ignore_changes == ("secretString",)


def test_a_secrets_value_is_the_states_not_the_generators() -> None:
    def program() -> None:
        secret = Secret("s", SecretArgs(name="gateway/demo", generated_field="key"))
        pulumi.ComponentResource("test:index:Reader", "reader", {"value": secret.value})

    registered = register(program)

    assert revealed(registered.one("test:index:Reader").inputs["value"]) == "${secret:gateway/demo}"


def build_database(auth: str, ssl_mode: str = "verify-full", **changes: Any) -> Database:
    arguments: dict[str, Any] = {
        "prefix": "dev-",
        "database_name": "orders",
        "engine_version": "17",
        "instance_class": "db.t4g.micro",
        "multi_az": False,
        "is_protected": False,
        "vpc_id": "vpc-0",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "client_security_group_id": "sg-functions",
    }
    return Database("database", DatabaseArgs(auth=auth, ssl_mode=ssl_mode, **{**arguments, **changes}))


def logins_of(auth: str) -> Registered:
    def program() -> None:
        database = build_database(auth)
        for name, one in (("user", database.login("get_order")), ("admin", database.administrator_login())):
            stated = {"environment": one.environment, "policy": policy_document(one.statements)}
            pulumi.ComponentResource("test:index:Login", name, stated)

    return register(program)


def test_a_login_by_iam_has_rights_and_no_secret() -> None:
    registered = logins_of("iam")

    login_ = registered.one("test:index:Login", "user").inputs
    (statement,) = json.loads(login_["policy"])["Statement"]
    assert statement["Action"] == ["rds-db:connect"]
    assert statement["Resource"] == ["arn:aws:rds-db:us-east-1:000000000000:dbuser:prx-0/get_order"]
    assert not any(resource.type == SECRET_VERSION for resource in registered.resources)
    assert login_["environment"]["DATABASE_SSLMODE"] == "verify-full"


def test_a_login_by_secret_may_read_its_own_secret_only() -> None:
    registered = logins_of("secret")

    (statement,) = json.loads(registered.one("test:index:Login", "user").inputs["policy"])["Statement"]
    assert statement["Action"] == ["secretsmanager:GetSecretValue"]
    assert statement["Resource"] == ["arn:aws:secretsmanager:us-east-1:000000000000:secret:dev-database/get_order"]


def test_the_administrator_uses_the_secret_that_rds_manages() -> None:
    registered = logins_of("iam")

    environment = registered.one("test:index:Login", "admin").inputs["environment"]
    assert environment["DATABASE_AUTH"] == "secret"
    assert environment["DATABASE_SECRET_ID"].endswith(":secret:database/admin")
    instance = registered.one("aws:rds/instance:Instance").inputs
    assert instance["manageMasterUserPassword"] is True
    assert "password" not in instance


def test_the_database_is_encrypted_private_and_reached_by_functions_and_proxy_only() -> None:
    registered = register(lambda: build_database("iam"))

    instance = registered.one("aws:rds/instance:Instance").inputs
    assert instance["storageEncrypted"] is True
    assert instance["publiclyAccessible"] is False
    assert registered.one("aws:rds/proxy:Proxy").inputs["requireTls"] is True
    peers = {rule.inputs["referencedSecurityGroupId"] for rule in registered.all(INGRESS)}
    assert peers == {"sg-functions", "database"}


def test_a_protected_database_keeps_a_last_snapshot() -> None:
    instance = register(lambda: build_database("iam", is_protected=True)).one("aws:rds/instance:Instance").inputs

    assert instance["deletionProtection"] is True
    assert instance["skipFinalSnapshot"] is False
    assert instance["finalSnapshotIdentifier"] == "dev-orders-final"


def build_broker(deployment_mode: str) -> Registered:
    def program() -> None:
        subnets: pulumi.Output[Any] = pulumi.Output.from_input(["subnet-1", "subnet-2"])
        arguments = BrokerArgs(
            prefix="dev-",
            engine_version="4.2",
            instance_type="mq.m7g.medium",
            deployment_mode=deployment_mode,
            vpc_id="vpc-0",
            subnet_ids=subnets,
            client_security_group_id="sg-functions",
        )
        Broker("broker", arguments)

    return register(program)


@pytest.mark.parametrize(
    ("deployment_mode", "subnets"),
    [("SINGLE_INSTANCE", ["subnet-1"]), ("CLUSTER_MULTI_AZ", ["subnet-1", "subnet-2"])],
)
def test_the_broker_takes_as_many_subnets_as_its_mode_wants(deployment_mode: str, subnets: list[str]) -> None:
    inputs = build_broker(deployment_mode).one("aws:mq/broker:Broker").inputs

    assert inputs["subnetIds"] == subnets
    assert inputs["publiclyAccessible"] is False
    assert inputs["autoMinorVersionUpgrade"] is True


def test_the_brokers_administrator_has_the_password_of_the_state() -> None:
    broker = build_broker("SINGLE_INSTANCE").one("aws:mq/broker:Broker")

    (user,) = broker.inputs["users"]
    assert revealed(user["password"]) == "${secret:dev-broker/admin}"
    assert broker.ignore_changes == ("users",)


def test_lambdas_pollers_reach_the_broker_from_its_own_security_group() -> None:
    rules = build_broker("SINGLE_INSTANCE").all(INGRESS)

    allowed = {(rule.inputs["referencedSecurityGroupId"], rule.inputs["fromPort"]) for rule in rules}
    assert allowed == {("sg-functions", 5671), ("sg-functions", 443), ("broker", 5671)}
