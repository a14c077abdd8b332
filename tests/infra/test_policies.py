"""The policy pack over recorded deployments and over the program as it is, and over each with one thing wrong.

All are fed to the pack as Pulumi's engine does it (`engine.py`).
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.infra.changes import Change, allow, beside_kong, collected_by, given, inside, put, trusted, trusting
from tests.infra.engine import Given, changed, reported
from tests.infra.planned import planned
from tests.infra.recording import FOLDER, as_it_was, recorded

import policies
from contracts import topology
from localregion.plan import mocks
from policies.front import BODY_RULES
from policies.model import Policy, Resource, Stack, unmatched

INSTANCE = "aws:rds/instance:Instance"
BROKER = "aws:mq/broker:Broker"
FUNCTION = "aws:lambda/function:Function"
SCHEDULE = "aws:scheduler/schedule:Schedule"
EVENT_INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
SECRET = "aws:secretsmanager/secret:Secret"
LISTENER = "aws:lb/listener:Listener"
VPC = "aws:ec2/vpc:Vpc"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
BACKUP_COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
S3 = "aws:s3/bucket"
BUCKET_BLOCK = f"{S3}PublicAccessBlock:BucketPublicAccessBlock"
BUCKET_ENCRYPTION = f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_POLICY = f"{S3}Policy:BucketPolicy"
NO_STATEMENTS = '{"Statement": []}'
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
COLLECTOR = "arn:aws:lambda:us-east-1:184161586896:layer:opentelemetry-collector"

ORDERS_QUEUE, INVOICES_QUEUE = (
    next(queue.name for queue in topology.QUEUES if queue.side == side) for side in ("orders", "invoices")
)
IAM = "arn:aws:iam::123456789012"
USER = f"{IAM}:user/ana"

Form = Callable[[str], list[Given]]


@pytest.fixture(params=["recorded", "planned"])
def form(request: pytest.FixtureRequest, evaluated: Callable[[str], tuple[list[mocks.Resource], str]]) -> Form:
    """Return a stack by its name: as it was recorded, or as the program describes it now."""
    if request.param == "recorded":
        return lambda name: list(recorded(name))
    return lambda name: planned(name, evaluated(name)[0])


ORDERS_ALIAS = "arn:aws:lambda:us-east-1:000000000000:function:prod-create_order:live"
OPERATIONS_ALIAS = "arn:aws:lambda:us-east-1:000000000000:function:prod-operations:live"
RELEASE_INPUT = json.dumps({"database_roles": {}, "broker_users": {"somebody": "arn"}})

# policy, type and name of the resource to break, how, a piece of what has to be said
SEEDED: list[tuple[str, str, str | None, Change, str]] = [
    ("database-encrypted", INSTANCE, None, put(storageEncrypted=False), "storageEncrypted"),
    ("database-encrypted", INSTANCE, None, put(masterUserSecretKmsKeyId=None), "masterUserSecretKmsKeyId"),
    ("database-encrypted", INSTANCE, None, put(performanceInsightsKmsKeyId=None), "performanceInsightsKmsKeyId"),
    ("broker-encrypted", BROKER, None, put(encryptionOptions={"useAwsOwnedKey": True}), "encryptionOptions"),
    (
        "broker-encrypted",
        BROKER,
        None,
        put(encryptionOptions={"useAwsOwnedKey": False, "kmsKeyId": "x"}),
        "the stack's",
    ),
    ("secrets-can-be-taken-back", SECRET, None, put(recoveryWindowInDays=0), "recoveryWindowInDays is 0"),
    ("backups-have-a-copy-elsewhere", BACKUP_COPY, None, put(sourceDbInstanceArn="x"), "to no other region"),
    ("backups-have-a-copy-elsewhere", BACKUP_COPY, None, put(region="us-east-1"), "where the database stands"),
    ("backups-have-a-copy-elsewhere", BACKUP_COPY, None, put(kmsKeyId="x"), "a key of the program"),
    ("networks-are-private-and-watched", VPC, None, put(cidrBlock="100.64.0.0/16"), "addresses of the internet"),
    ("networks-are-private-and-watched", FLOW_LOG, None, put(vpcId="x"), "no flow logs"),
    ("networks-are-private-and-watched", FLOW_LOG, None, put(logDestination="x"), "no log group of the program"),
    ("kong-trusts-its-own-network", TASK, None, trusted("10.0.0.0/16,0.0.0.0/0"), "kong trusts 0.0.0.0/0"),
    ("balancers-log-requests", BALANCER, None, put(accessLogs=None), "must be enabled in production"),
    (
        "balancers-log-requests",
        BALANCER,
        None,
        put(accessLogs={"bucket": "x", "enabled": True}),
        "must let logdelivery",
    ),
    (
        "balancers-log-requests",
        BUCKET_POLICY,
        "gateway-access-logs",
        put(policy=NO_STATEMENTS),
        "must let logdelivery",
    ),
    ("buckets-are-closed", BUCKET_POLICY, None, put(policy=NO_STATEMENTS), "without TLS"),
    ("buckets-are-closed", BUCKET_BLOCK, None, put(blockPublicAcls=False), "all public access"),
    ("buckets-are-closed", BUCKET_ENCRYPTION, None, put(bucket="x"), "how it is encrypted"),
    (
        "buckets-are-closed",
        f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration",
        None,
        put(bucket="x"),
        "how long",
    ),
    ("secrets-encrypted", SECRET, None, put(kmsKeyId=None), "kmsKeyId"),
    ("keys-rotate", "aws:kms/key:Key", None, put(enableKeyRotation=False), "enableKeyRotation"),
    ("keys-rotate", "aws:kms/key:Key", None, put(deletionWindowInDays=7), "deletionWindowInDays"),
    ("data-private", INSTANCE, None, put(publiclyAccessible=True), "publiclyAccessible"),
    ("data-private", BROKER, None, put(publiclyAccessible=None), "publiclyAccessible"),
    ("data-private", BROKER, None, put(securityGroups=[]), "security groups"),
    ("proxy-demands-tls", "aws:rds/proxy:Proxy", None, put(requireTls=False), "requireTls"),
    ("proxy-demands-tls", "aws:rds/proxy:Proxy", None, put(defaultAuthScheme="NONE"), "IAM_AUTH"),
    ("database-demands-tls", "aws:rds/parameterGroup:ParameterGroup", None, put(parameters=[]), "rds.force_ssl"),
    ("listener-demands-tls", LISTENER, None, put(protocol="HTTP"), "must be HTTPS"),
    ("listener-demands-tls", LISTENER, None, put(sslPolicy="ELBSecurityPolicy-2016-08"), "older versions"),
    ("database-backed-up", INSTANCE, None, put(backupRetentionPeriod=1), "backupRetentionPeriod is 1"),
    ("database-backed-up", INSTANCE, None, put(skipFinalSnapshot=True), "skipFinalSnapshot"),
    ("deletion-protected", INSTANCE, None, put(deletionProtection=False), "deletionProtection"),
    ("deletion-protected", "aws:lb/loadBalancer:LoadBalancer", None, put(enableDeletionProtection=False), "enable"),
    ("highly-available", INSTANCE, None, put(multiAz=False), "multiAz"),
    ("highly-available", BROKER, None, put(deploymentMode="SINGLE_INSTANCE"), "CLUSTER_MULTI_AZ"),
    ("logs-end", "aws:cloudwatch/logGroup:LogGroup", None, put(retentionInDays=None), "retentionInDays"),
    ("open-to-the-world-is-https-only", INGRESS, "broker-pollers", put(cidrIpv4="0.0.0.0/0"), "load balancer's"),
    ("open-to-the-world-is-https-only", INGRESS, "broker-pollers", put(cidrIpv6="::/0"), "load balancer's"),
    ("open-to-the-world-is-https-only", INGRESS, "broker-pollers", put(cidrIpv4="0.0.0.0/1"), "ports 5671"),
    ("open-to-the-world-is-https-only", INGRESS, "gateway-balancer-443", put(fromPort=80, toPort=80), "ports 80"),
    ("ingress-names-a-port", INGRESS, None, put(ipProtocol="-1"), "one TCP port"),
    ("ingress-names-a-port", INGRESS, "broker-pollers", put(cidrIpv4="10.0.0.0/8"), "one kind of peer"),
    ("groups-have-no-rules-inside", "aws:ec2/securityGroup:SecurityGroup", None, put(ingress=[{}]), "of their own"),
    (
        "nat-gateways-are-what-the-stack-pays-for",
        "aws:ec2/subnet:Subnet",
        "network-public-3",
        put(availabilityZone="us-east-1d"),
        "it has 3 NAT gateways for 4 zones",
    ),
    ("names-lead-to-interface-endpoints", VPC, None, put(enableDnsHostnames=False), "enableDnsHostnames"),
    ("gateway-stands-in-private-subnets", SERVICE, None, put(networkConfiguration=None), "private subnets"),
    ("gateway-stands-in-private-subnets", SERVICE, None, put(networkConfiguration=None), "security groups"),
    ("gateway-stands-in-private-subnets", SERVICE, None, put(networkConfiguration=None), "assignPublicIp"),
    (
        "gateway-stands-in-private-subnets",
        "aws:ec2/subnet:Subnet",
        "network-private-1",
        put(mapPublicIpOnLaunch=True),
        "private subnets",
    ),
    ("actions-exist", ROLE_POLICY, None, allow("mq:DescribeBrokr", "arn:x"), "mq:DescribeBrokr does not exist"),
    ("actions-exist", ROLE_POLICY, None, allow("nothing:Get", "arn:x"), "nothing:Get does not exist"),
    ("actions-exist", ROLE_POLICY, None, allow("mq:*", "arn:x"), "mq:* is a pattern"),
    ("resources-are-named", ROLE_POLICY, None, allow("mq:DescribeBroker", "*"), "mq:DescribeBroker on *"),
    ("resources-are-named", ROLE_POLICY, None, allow("rds-db:connect", "arn:x:dbuser:db-0/*"), "dbuser:db-0/*"),
    ("roles-list-their-rights", ROLE, None, put(managedPolicyArns=["arn:aws:iam::aws:policy/X"]), "managed policy"),
    ("roles-trust-one-service", ROLE, None, put(assumeRolePolicy=trusting({"Federated": "x"})), "it trusts"),
    ("roles-trust-one-service", ROLE, None, put(assumeRolePolicy=trusting({"Service": "a", "AWS": USER})), "it trusts"),
    ("people-are-named", ROLE, None, put(assumeRolePolicy=trusting({"AWS": "*"})), "trusts *, which is no user"),
    ("people-are-named", ROLE, None, put(assumeRolePolicy=trusting("*")), "trusts *, which is no user"),
    ("people-are-named", ROLE, None, put(assumeRolePolicy=trusting({"AWS": f"{IAM}:root"})), ":root, which is no user"),
    ("people-are-named", ROLE, None, put(assumeRolePolicy=trusting({"AWS": f"{IAM}:user/*"})), "user/*, which is no"),
    (
        "people-show-a-second-factor",
        ROLE,
        None,
        put(assumeRolePolicy=trusting({"AWS": USER})),
        "MultiFactorAuthPresent",
    ),
    (
        "people-show-a-second-factor",
        ROLE,
        None,
        put(assumeRolePolicy=trusting({"AWS": USER}, BoolIfExists={"aws:MultiFactorAuthPresent": "true"})),
        "MultiFactorAuthPresent",
    ),
    (
        "people-show-a-second-factor",
        ROLE,
        None,
        put(assumeRolePolicy=trusting({"AWS": USER}, NumericLessThan={"aws:MultiFactorAuthAge": "86400"})),
        "of 86400 s ago",
    ),
    ("people-show-a-second-factor", ROLE, None, put(assumeRolePolicy=trusting({"AWS": USER})), "names that people"),
    (
        "sessions-of-people-are-short",
        ROLE,
        None,
        put(assumeRolePolicy=trusting({"AWS": USER}), maxSessionDuration=43_200),
        "maxSessionDuration is 43200",
    ),
    ("sessions-in-tasks-are-recorded", SERVICE, None, put(enableExecuteCommand=True), "must write sessions"),
    ("sessions-in-tasks-are-recorded", SERVICE, None, put(enableExecuteCommand=True), "must encrypt sessions"),
    ("no-task-has-both-sessions-and-listeners", SERVICE, None, put(enableExecuteCommand=True), "lets people in"),
    (
        "invocations-name-an-alias",
        ROLE_POLICY,
        "audit-schedule",
        allow("lambda:InvokeFunction", ORDERS_ALIAS.removesuffix(":live")),
        "no alias",
    ),
    (
        "kong-alone-invokes-what-it-routes-to",
        ROLE_POLICY,
        "audit-schedule",
        allow("lambda:InvokeFunction", ORDERS_ALIAS),
        "must be Kong's role alone",
    ),
    (
        "kong-alone-invokes-what-it-routes-to",
        ROLE_POLICY,
        "gateway-task",
        allow("lambda:InvokeFunction", OPERATIONS_ALIAS),
        "no route",
    ),
    ("schedules-pile-nothing-up", SCHEDULE, "audit", inside("target", retryPolicy=None), "has None attempts"),
    ("schedules-pile-nothing-up", EVENT_INVOKE_CONFIG, "outbox-relay", put(maximumRetryAttempts=2), "is retried"),
    ("schedules-pile-nothing-up", EVENT_INVOKE_CONFIG, "audit", put(maximumEventAgeInSeconds=None), "kept for more"),
    ("schedules-pile-nothing-up", EVENT_INVOKE_CONFIG, "audit", put(qualifier=None), "no event invoke config"),
    ("variables-are-the-settings", FUNCTION, "create_order", inside("environment", variables={}), "are missing"),
    (
        "variables-are-the-settings",
        FUNCTION,
        "operations",
        lambda given: given["environment"]["variables"].update(UNREAD="1"),
        "does not read: UNREAD",
    ),
    (
        "variables-are-the-settings",
        FUNCTION,
        "operations",
        lambda given: given["environment"]["variables"].update(AWS_REGION="x"),
        "reserves: AWS_REGION",
    ),
    ("functions-know-who-they-log-in-to", FUNCTION, "release", given(DATABASE_SSLMODE="require"), "is require"),
    ("functions-know-who-they-log-in-to", FUNCTION, "release", given(DATABASE_SSLROOTCERT=None), "ROOTCERT is missing"),
    ("variables-fit", FUNCTION, None, inside("environment", variables={"A": "x" * 4096}), "4097 bytes"),
    ("names-are-the-packages", FUNCTION, "get_order", put(name="prod-other"), "runs get_order"),
    ("names-are-the-packages", FUNCTION, "get_order", put(handler="get_order.main"), "handler is"),
    ("layers-fit", FUNCTION, None, put(layers=["arn:other"] * 6), "6 layers"),
    ("layers-fit", FUNCTION, None, put(layers=["arn:other"]), "no layer of the program"),
    ("layers-fit", FUNCTION, None, put(runtime="python3.12"), "is built for python3.13"),
    ("layers-fit", FUNCTION, None, put(architectures=["x86_64"]), "is built for arm64"),
    ("resources-are-named", ROLE_POLICY, None, allow("xray:GetTraceSummaries", "*"), "xray:GetTraceSummaries on *"),
    ("logs-are-json-in-a-group-of-the-program", FUNCTION, None, inside("loggingConfig", logFormat="Text"), "JSON"),
    ("logs-are-json-in-a-group-of-the-program", FUNCTION, None, inside("loggingConfig", logGroup="x"), "no log group"),
    ("functions-are-versioned-in-the-vpc", FUNCTION, None, put(publish=False), "publish"),
    ("functions-are-versioned-in-the-vpc", FUNCTION, None, put(vpcConfig=None), "vpcConfig"),
    ("snap-start-is-possible", FUNCTION, "create_order", put(publish=False), "published versions"),
    ("snap-start-is-possible", FUNCTION, "create_order", put(ephemeralStorage={"size": 1024}), "512 MB"),
    ("snap-start-is-possible", FUNCTION, "create_order", put(fileSystemConfig={"arn": "x"}), "file system"),
    (
        "snap-start-is-possible",
        FUNCTION,
        "create_order",
        put(layers=["arn:aws:lambda:x:1:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:1"]),
        "refuses its token",
    ),
    (
        "concurrency-is-reserved-in-production-only",
        FUNCTION,
        "outbox_relay",
        put(reservedConcurrentExecutions=2),
        "two relays",
    ),
    (
        "concurrency-is-reserved-in-production-only",
        FUNCTION,
        "outbox_relay",
        put(reservedConcurrentExecutions=None),
        "is None, two relays",
    ),
    ("all-functions-are-traced-or-none", FUNCTION, "get_order", given(**{ENDPOINT: None}), f"{ENDPOINT} is missing"),
    (
        "all-functions-are-traced-or-none",
        FUNCTION,
        "get_order",
        given(OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=dev"),
        "must name the stack",
    ),
    ("collectors-are-there-and-configured", FUNCTION, "get_order", collected_by(), "0 collectors"),
    (
        "collectors-are-there-and-configured",
        FUNCTION,
        "get_order",
        given(**{ENDPOINT: "http://jaeger:4318"}),
        "1 collectors",
    ),
    (
        "collectors-are-there-and-configured",
        FUNCTION,
        "get_order",
        collected_by(f"{COLLECTOR}-amd64-0_22_0:1"),
        "built for amd64",
    ),
    (
        "collectors-are-there-and-configured",
        FUNCTION,
        "get_order",
        given(OPENTELEMETRY_COLLECTOR_CONFIG_URI=None),
        "no file below layers/",
    ),
    (
        "collectors-are-there-and-configured",
        FUNCTION,
        "get_order",
        given(OPENTELEMETRY_COLLECTOR_CONFIG_URI="file:///opt/collector.yaml"),
        "no file below layers/",
    ),
    ("lambda-begins-no-trace-of-its-own", FUNCTION, None, put(tracingConfig={"mode": "Active"}), "mode is Active"),
    ("kong-outlives-what-stands-beside-it", TASK, None, beside_kong(essential=True), "must not be essential"),
    ("kong-outlives-what-stands-beside-it", TASK, None, beside_kong(essential=None), "must not be essential"),
    ("kong-outlives-what-stands-beside-it", TASK, None, beside_kong(memory=None), "a limit of memory"),
    ("kong-outlives-what-stands-beside-it", TASK, None, beside_kong(image="collector:latest"), "no version"),
    ("kong-outlives-what-stands-beside-it", TASK, None, beside_kong(portMappings=[{}]), "opens a port"),
    ("kong-outlives-what-stands-beside-it", TASK, None, put(containerDefinitions="[]"), "kong must be"),
    (
        "releases-name-the-brokers-users",
        "aws:lambda/invocation:Invocation",
        None,
        put(input=RELEASE_INPUT),
        "users somebody",
    ),
    ("mappings-use-what-amazon-mq-has", MAPPING, None, put(maximumRetryAttempts=2), "maximumRetryAttempts"),
    ("mappings-use-what-amazon-mq-has", MAPPING, None, put(destinationConfig={"onFailure": {}}), "destinationConfig"),
    ("mappings-use-what-amazon-mq-has", MAPPING, None, put(batchSize=10_001), "batchSize is 10001"),
    ("mappings-use-what-amazon-mq-has", MAPPING, None, put(maximumBatchingWindowInSeconds=1), "window"),
    ("mappings-filter-nothing", MAPPING, None, put(filterCriteria={"filters": [{"pattern": "{}"}]}), "loses messages"),
    ("mappings-consume-the-contracts-queues", MAPPING, None, put(queues="orders"), "orders is no queue"),
    (
        "mappings-consume-the-contracts-queues",
        MAPPING,
        "dead-letters",
        put(queues=INVOICES_QUEUE),
        "mapping to an alias",
    ),
    ("mappings-consume-the-contracts-queues", MAPPING, None, put(sourceAccessConfigurations=[]), "BASIC_AUTH"),
    ("mappings-invoke-an-alias-in-time", MAPPING, None, put(functionName="arn:x"), "no alias"),
    ("mappings-invoke-an-alias-in-time", FUNCTION, "invoice_consumer", put(timeout=900), "may take 900 s"),
    ("brokers-are-what-amazon-mq-offers", BROKER, None, put(engineVersion="3.13"), "engineVersion is 3.13"),
    ("brokers-are-what-amazon-mq-offers", BROKER, None, put(engineType="ActiveMQ"), "engineType is ActiveMQ"),
    ("brokers-are-what-amazon-mq-offers", BROKER, None, put(hostInstanceType="mq.m5.large"), "does not run RabbitMQ 4"),
    ("brokers-are-what-amazon-mq-offers", BROKER, None, put(autoMinorVersionUpgrade=False), "autoMinorVersionUpgrade"),
    ("brokers-are-what-amazon-mq-offers", BROKER, None, put(authenticationStrategy="ldap"), "name and password"),
    ("brokers-are-looked-after", BROKER, None, put(logs=None), "logs.general"),
    ("brokers-are-looked-after", BROKER, None, put(maintenanceWindowStartTime=None), "maintenanceWindowStartTime"),
    ("pollers-reach-the-broker", INGRESS, "broker-pollers", put(fromPort=5672), "does not let itself in"),
    ("values-are-what-the-api-takes", BROKER, None, put(deploymentMode="CLUSTER"), "deploymentMode is CLUSTER"),
    ("values-are-what-the-api-takes", FUNCTION, None, put(memorySize=64), "memorySize has 64"),
    ("values-are-what-the-api-takes", FUNCTION, None, put(runtime="python3.99"), "runtime is python3.99"),
    ("values-are-what-the-api-takes", FUNCTION, None, put(role="somebody"), "role is somebody"),
    ("values-are-what-the-api-takes", FUNCTION, None, inside("loggingConfig", colour="red"), "colour is unknown"),
    ("values-are-what-the-api-takes", MAPPING, None, put(sourceAccessConfigurations=[{"type": "BASIC"}]), "BASIC_AUTH"),
    ("values-are-what-the-api-takes", "aws:rds/proxy:Proxy", None, put(engineFamily="POSTGRES"), "engineFamily"),
    ("values-are-what-the-api-takes", SECRET, None, put(kmsKeyId="k" * 2049), "kmsKeyId has 2049"),
    ("values-are-what-the-api-takes", SECRET, None, put(unheardOf="x"), "unheardOf is no part of CreateSecret"),
]


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_policy_looks_at_something(form: Form, name: str) -> None:
    assert unmatched(policies.ALL, _stack(name, form(name))) == []


@pytest.mark.parametrize("name", ["dev", "prod"])
@pytest.mark.parametrize("policy", policies.ALL, ids=lambda policy: policy.name)
def test_the_deployed_stacks_keep_the_policy(form: Form, name: str, policy: Policy) -> None:
    assert reported(form(name), policy.name) == []


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_recorded_stacks_keep_the_rules_of_their_commit_without_any_patch(name: str) -> None:
    later = {path.stem for path in (FOLDER / "patches").iterdir()}
    rules = [policy.name for policy in policies.ALL if policy.name not in later]

    assert reported(as_it_was(name), *rules) == []


@pytest.mark.parametrize("name", ["dev", "prod"])
@pytest.mark.parametrize("patch", sorted(FOLDER.glob("patches/*.json")), ids=lambda path: path.stem)
def test_a_patch_is_for_a_rule_that_the_recording_breaks_and_the_patched_one_keeps(name: str, patch: Path) -> None:
    breaks = json.loads(patch.read_text()).get("breaks", ["dev", "prod"])

    assert breaks != []
    assert (reported(as_it_was(name), patch.stem) != []) == (name in breaks)
    assert reported(recorded(name), patch.stem) == []


@pytest.mark.parametrize(
    ("policy", "type_", "name", "change", "said"), SEEDED, ids=[f"{each[0]}-{each[4]}" for each in SEEDED]
)
def test_a_seeded_violation_is_found(
    form: Form, policy: str, type_: str, name: str | None, change: Change, said: str
) -> None:
    found = reported(changed(form("prod"), type_, change, name), policy)

    assert any(said in each for each in found), found


def test_a_policy_of_aws_or_a_permission_of_a_function_is_found(form: Form) -> None:
    added = {
        "roles-list-their-rights": "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "functions-are-open-to-no-service": "aws:lambda/permission:Permission",
    }
    for policy, type_ in added.items():
        assert reported([*form("prod"), Given(urn=f"urn:pulumi:prod::p::{type_}::x")], policy), policy


def test_a_queue_that_two_functions_share_is_found(
    evaluated: Callable[[str], tuple[list[mocks.Resource], str]],
) -> None:
    stack = changed(planned("prod", evaluated("prod")[0]), MAPPING, put(queues=ORDERS_QUEUE), "dead-letters")

    found = reported(stack, "mappings-consume-the-contracts-queues")

    assert any(f"{ORDERS_QUEUE} is consumed by more than one function" in each for each in found), found


def test_concurrency_that_is_reserved_outside_production_is_found(form: Form) -> None:
    stack = changed(form("dev"), FUNCTION, put(reservedConcurrentExecutions=5), "get_order")

    assert reported(stack, "concurrency-is-reserved-in-production-only")


def test_a_stack_that_reserves_nothing_at_all_is_let_pass(form: Form) -> None:
    stack = form("dev")
    for relay in {"outbox_relay", "invoices_relay"} & {each.name for each in stack if each.type == FUNCTION}:
        stack = changed(stack, FUNCTION, put(reservedConcurrentExecutions=None), relay)

    assert reported(stack, "concurrency-is-reserved-in-production-only") == []


def web_acl(*, blocks: str | None = None, statement: str = "rateBasedStatement", in_front: bool = True) -> list[Given]:
    """Return a firewall that counts all body rules but one, and its association."""
    urn = "urn:pulumi:dev::p::aws:wafv2"
    overrides = [{"name": rule, "actionToUse": {"count": {}}} for rule in sorted(BODY_RULES - {blocks})]
    group = {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet", "ruleActionOverrides": overrides}
    rules = [{"statement": {statement: {"limit": 10}}}, {"statement": {"managedRuleGroupStatement": group}}]
    return [
        Given(urn=f"{urn}/webAcl:WebAcl::acl", inputs={"rules": rules}, outputs={"arn": "arn:acl"}),
        Given(
            urn=f"{urn}/webAclAssociation:WebAclAssociation::acl", inputs={"webAclArn": "arn:acl" if in_front else "x"}
        ),
    ]


@pytest.mark.parametrize(
    ("acl", "said"),
    [
        (web_acl(blocks="GenericRFI_BODY"), "blocks by GenericRFI_BODY"),
        (web_acl(blocks="SizeRestrictions_BODY"), "blocks by SizeRestrictions_BODY"),
        (web_acl(statement="geoMatchStatement"), "limits no address"),
        (web_acl(in_front=False), "stands in front of nothing"),
    ],
)
def test_a_firewall_that_reads_bodies_or_guards_nothing_is_found(form: Form, acl: list[Given], said: str) -> None:
    found = reported([*form("dev"), *acl], "firewalls-read-no-bodies")

    assert [each for each in found if said in each] == found != []
    assert reported([*form("dev"), *web_acl()], "firewalls-read-no-bodies") == []


def test_a_second_nat_gateway_outside_production_is_found(form: Form) -> None:
    second = Given(urn="urn:pulumi:dev::p::aws:ec2/natGateway:NatGateway::second")

    assert reported([*form("dev"), second], "nat-gateways-are-what-the-stack-pays-for") == [
        f"{VPC} network: it has 2 NAT gateways for 2 zones, it must have 1"
    ]


def test_every_policy_has_a_seeded_violation() -> None:
    seeded = {each[0] for each in SEEDED} | {"functions-are-open-to-no-service", "firewalls-read-no-bodies"}

    assert seeded == {policy.name for policy in policies.ALL}


def test_a_policy_without_a_resource_is_named(form: Form) -> None:
    resources = [each for each in form("dev") if each.type != BROKER]

    missing = unmatched(policies.ALL, _stack("dev", resources))
    assert {"broker-encrypted", "pollers-reach-the-broker"} <= {*missing}


def _stack(name: str, resources: list[Given]) -> Stack:
    return Stack(
        name=name, resources=[Resource(type=each.type, name=each.name, properties=each.inputs) for each in resources]
    )
