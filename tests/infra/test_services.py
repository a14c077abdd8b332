"""The components that hold data: network, secret, database, broker."""

import json
from typing import Any

import pulumi
import pytest
from tests.infra.registered import Registered, register, revealed

from components.broker import Broker, BrokerArgs
from components.database import Database, DatabaseArgs
from components.key import Key, KeyArgs
from components.network import Network, NetworkArgs
from components.policy import policy_document
from components.secret import Secret, SecretArgs, login

SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def build_key(is_protected: bool = False) -> Key:
    return Key("key", KeyArgs(prefix="dev-", region="us-east-1", is_protected=is_protected))


def test_the_network_states_what_would_cost_money_by_default() -> None:
    registered = build_network(private_endpoints=False)

    vpc = registered.one("awsx:ec2:Vpc").inputs
    assert vpc["natGateways"] == {"strategy": "Single"}
    assert vpc["numberOfAvailabilityZones"] == 2
    assert vpc["availabilityZoneCidrMask"] == 18
    assert vpc["enableDnsHostnames"] is True
    assert registered.one("aws:ec2/securityGroup:SecurityGroup").inputs["vpcId"] == "vpc-0"


def build_network(*, private_endpoints: bool) -> Registered:
    arguments = NetworkArgs(
        cidr_block="10.0.0.0/16",
        region="us-east-1",
        availability_zones=2,
        zone_cidr_mask=18,
        nat_gateways="Single",
        private_endpoints=private_endpoints,
    )
    return register(lambda: Network("network", arguments))


def test_private_endpoints_are_those_that_pollers_need_and_let_only_the_vpc_in() -> None:
    registered = build_network(private_endpoints=True)

    endpoints = registered.all("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {each.inputs["serviceName"].rsplit(".", 1)[1] for each in endpoints} == {"lambda", "secretsmanager", "sts"}
    assert all(each.inputs["privateDnsEnabled"] and each.inputs["vpcEndpointType"] == "Interface" for each in endpoints)
    rule = registered.one(INGRESS).inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("10.0.0.0/16", 443, 443)


@pytest.mark.parametrize(("is_protected", "days"), [(True, 30), (False, 7)])
def test_the_key_rotates_and_can_be_taken_back(is_protected: bool, days: int) -> None:
    key = register(lambda: build_key(is_protected)).one("aws:kms/key:Key")

    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == days
    assert key.protect is is_protected


def test_who_may_read_a_secret_decrypts_through_secrets_manager_only() -> None:
    def program() -> None:
        document = policy_document(Secret("s", login("x", "x", build_key())).read())
        pulumi.ComponentResource("test:index:Reader", "reader", {"policy": document})

    read, decrypt = json.loads(register(program).one("test:index:Reader").inputs["policy"])["Statement"]

    assert read["Resource"] == ["arn:aws:secretsmanager:us-east-1:000000000000:secret:x"]
    assert decrypt["Action"] == ["kms:Decrypt"]
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}


def test_a_secret_is_generated_marked_and_never_rotated_by_a_deployment() -> None:
    registered = register(lambda: Secret("s", login("broker/x", "x", build_key())))

    version = registered.one(SECRET_VERSION)
    content = json.loads(revealed(version.inputs["secretString"]))
    assert content["username"] == "x"
    assert len(content["password"]) == 40
    assert version.ignore_changes == ("secretString",)


@pytest.mark.parametrize(("is_protected", "days"), [(True, 30), (False, 0)])
def test_a_deleted_secret_can_be_taken_back_where_it_is_protected(is_protected: bool, days: int) -> None:
    registered = register(lambda: Secret("s", login("broker/x", "x", build_key(is_protected))))

    assert registered.one("aws:secretsmanager/secret:Secret").inputs["recoveryWindowInDays"] == days


def test_a_secrets_value_is_the_states_not_the_generators() -> None:
    def program() -> None:
        secret = Secret("s", SecretArgs(name="gateway/demo", key=build_key(), generated_field="key"))
        pulumi.ComponentResource("test:index:Reader", "reader", {"value": secret.value})

    registered = register(program)

    assert revealed(registered.one("test:index:Reader").inputs["value"]) == "${secret:gateway/demo}"


def build_database(auth: str, ssl_mode: str = "verify-full", **changes: Any) -> Database:
    arguments: dict[str, Any] = {
        "prefix": "dev-",
        "database_name": "orders",
        "engine_version": "17",
        "may_upgrade": False,
        "port": 5432,
        "instance_class": "db.t4g.micro",
        "storage_max_gb": 200,
        "multi_az": False,
        "is_protected": False,
        "log_retention_days": 7,
        "users": ["create_order", "get_order"],
        "key": build_key(),
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

    statement, _ = json.loads(registered.one("test:index:Login", "user").inputs["policy"])["Statement"]
    assert statement["Action"] == ["secretsmanager:GetSecretValue"]
    assert statement["Resource"] == ["arn:aws:secretsmanager:us-east-1:000000000000:secret:dev-database/get_order"]


def test_the_administrator_uses_the_secret_that_rds_manages() -> None:
    registered = logins_of("iam")

    environment = registered.one("test:index:Login", "admin").inputs["environment"]
    assert environment["DATABASE_SSLMODE"] == "verify-full"
    assert environment["DATABASE_SSLROOTCERT"] == "/var/task/release/rds-authorities.pem"
    assert environment["DATABASE_AUTH"] == "secret"
    assert environment["DATABASE_SECRET_ID"].endswith(":secret:database/admin")
    instance = registered.one("aws:rds/instance:Instance").inputs
    assert instance["manageMasterUserPassword"] is True
    assert "password" not in instance


def test_the_database_is_encrypted_private_and_reached_by_functions_and_proxy_only() -> None:
    registered = register(lambda: build_database("iam"))

    instance = registered.one("aws:rds/instance:Instance").inputs
    assert instance["storageEncrypted"] is True
    assert instance["kmsKeyId"] == registered.one("aws:kms/key:Key").outputs["arn"]
    parameters = registered.one("aws:rds/parameterGroup:ParameterGroup").inputs
    assert (parameters["family"], parameters["parameters"]) == (
        "postgres17",
        [{"name": "rds.force_ssl", "value": "1"}],
    )
    assert instance["publiclyAccessible"] is False
    assert registered.one("aws:rds/proxy:Proxy").inputs["requireTls"] is True
    peers = {rule.inputs["referencedSecurityGroupId"] for rule in registered.all(INGRESS)}
    assert peers == {"sg-functions", "sg-database"}


def test_a_protected_database_keeps_a_last_snapshot() -> None:
    registered_instance = register(lambda: build_database("iam", is_protected=True)).one("aws:rds/instance:Instance")
    instance = registered_instance.inputs

    assert registered_instance.protect is True
    assert instance["performanceInsightsEnabled"] is True
    assert instance["deletionProtection"] is True
    assert instance["skipFinalSnapshot"] is False
    assert instance["finalSnapshotIdentifier"] == "dev-orders-final"


def test_the_databases_log_groups_are_there_before_it() -> None:
    registered = register(lambda: build_database("iam"))

    groups = registered.all("aws:cloudwatch/logGroup:LogGroup")
    assert {group.inputs["name"] for group in groups} == {
        "/aws/rds/instance/dev-orders/postgresql",
        "/aws/rds/instance/dev-orders/upgrade",
    }
    assert {group.urn for group in groups} <= {*registered.one("aws:rds/instance:Instance").dependencies}


def test_the_proxy_logs_in_as_the_named_users_only() -> None:
    policy = register(lambda: build_database("iam")).one("aws:iam/rolePolicy:RolePolicy", "database-proxy")

    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    logins = "arn:aws:rds-db:us-east-1:000000000000:dbuser:db-0"
    assert statement["Resource"] == [f"{logins}/create_order", f"{logins}/get_order"]


def build_broker(deployment_mode: str, *, is_encrypted_with_key: bool = False) -> Registered:
    def program() -> None:
        subnets: pulumi.Output[Any] = pulumi.Output.from_input(["subnet-1", "subnet-2"])
        arguments = BrokerArgs(
            prefix="dev-",
            engine_version="4.2",
            instance_type="mq.m7g.medium",
            deployment_mode=deployment_mode,
            is_protected=True,
            is_encrypted_with_key=is_encrypted_with_key,
            key=build_key(),
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
    assert broker.protect is True


def test_the_broker_is_encrypted_with_the_stacks_key_where_that_is_asked_for_and_else_with_awss() -> None:
    asked = build_broker("SINGLE_INSTANCE", is_encrypted_with_key=True)
    options = asked.one("aws:mq/broker:Broker").inputs["encryptionOptions"]

    assert options == {"useAwsOwnedKey": False, "kmsKeyId": asked.one("aws:kms/key:Key").outputs["arn"]}
    assert "encryptionOptions" not in build_broker("SINGLE_INSTANCE").one("aws:mq/broker:Broker").inputs


def test_lambdas_pollers_reach_the_broker_from_its_own_security_group() -> None:
    rules = build_broker("SINGLE_INSTANCE").all(INGRESS)

    allowed = {(rule.inputs["referencedSecurityGroupId"], rule.inputs["fromPort"]) for rule in rules}
    assert allowed == {("sg-functions", 5671), ("sg-functions", 443), ("sg-broker", 5671)}
