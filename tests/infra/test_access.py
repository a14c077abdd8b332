"""The way in for people: not there by default, and where it is, for named people, recorded, to two places only."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from migrations.roles import PEOPLE
from tests.infra.changes import put, trusting
from tests.infra.engine import Given, changed, reported
from tests.infra.living import Evaluate, differences, evaluation, of_type
from tests.infra.program import ROOT, configure, copy_program
from tests.unit.docs.test_docs import words

import policies
from configuration import FUNCTIONS
from localregion import project
from localregion.plan.collect import Collector
from localregion.plan.evaluate import evaluate
from localregion.plan.model import Plan
from release.people import BROKER_USERS

ANA = "arn:aws:iam::123456789012:user/ana"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
SERVICE = "aws:ecs/service:Service"
RELEASE = "aws:lambda/invocation:Invocation"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
STACKS = ["dev", "prod"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Evaluate:
    """Return a stack without people, or with them; each is evaluated once."""
    evaluated, kept = evaluation(tmp_path_factory.mktemp("access")), {}

    def once(name: str, **changes: Any) -> list[Given]:
        key = (name, json.dumps(changes))
        if key not in kept:
            kept[key] = evaluated(name, **changes)
        return list(kept[key])

    return once


@pytest.fixture(params=STACKS)
def opened(request: pytest.FixtureRequest, stack: Evaluate) -> list[Given]:
    return stack(request.param, operatorAccess=[ANA])


def allowed(resources: list[Given], role: str) -> dict[str, list[str]]:
    """Return the resources of each action of a role."""
    found: dict[str, list[str]] = {}
    for each in json.loads(of_type(resources, ROLE_POLICY)[role].inputs["policy"])["Statement"]:
        for action in each["Action"]:
            found.setdefault(action, []).extend(each["Resource"])
    return found


@pytest.mark.parametrize("name", STACKS)
def test_without_the_key_there_is_no_way_in_and_no_login_for_people(stack: Evaluate, name: str) -> None:
    closed = stack(name)
    released = json.loads(of_type(closed, RELEASE)["release"].inputs["input"])

    assert released["people"] == {"database_roles": [], "broker_users": {}}
    assert {"on-call", "break-glass"}.isdisjoint(of_type(closed, ROLE))
    assert "access" not in {each.name for each in closed if each.type.startswith("aws:")}
    proxied = allowed(closed, "database-proxy")["rds-db:connect"]
    assert {arn.rsplit("/", 1)[1] for arn in proxied} == {*FUNCTIONS} - {"release"}


@pytest.mark.parametrize("name", STACKS)
def test_the_key_replaces_nothing_and_opens_nothing_to_the_internet(stack: Evaluate, name: str) -> None:
    changes = differences(stack(name), stack(name, operatorAccess=[ANA]))

    living = {key: paths for key, paths in changes.items() if paths != {"made"}}
    assert living == {
        f"{RELEASE} release": {"input"},
        f"{ROLE_POLICY} database-proxy": {"policy"},
        f"{ROLE_POLICY} release": {"policy"},
    }
    made = [key for key in changes if key.startswith(INGRESS)]
    assert sorted(made) == [f"{INGRESS} access-broker", f"{INGRESS} access-database"]


def test_a_stack_with_people_keeps_every_policy(opened: list[Given]) -> None:
    assert [said for policy in policies.ALL for said in reported(opened, policy.name)] == []


def test_the_task_reaches_the_database_the_page_and_awss_apis(opened: list[Given]) -> None:
    egress = {
        name: (rule.inputs["fromPort"], rule.inputs.get("referencedSecurityGroupId") or rule.inputs["cidrIpv4"])
        for name, rule in of_type(opened, EGRESS).items()
        if rule.inputs["securityGroupId"] == "sg-access"
    }

    assert egress == {
        "access-database": (5432, "sg-database"),
        "access-broker": (443, "sg-broker"),
        "access-apis": (443, "0.0.0.0/0"),
    }
    into = [rule for rule in of_type(opened, INGRESS).values() if rule.inputs["securityGroupId"] == "sg-access"]
    assert into == []


def test_both_roles_are_for_the_named_person_with_a_second_factor_for_an_hour(opened: list[Given]) -> None:
    for name in ("on-call", "break-glass"):
        role = of_type(opened, ROLE)[name].inputs
        (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]

        assert statement["Principal"] == {"AWS": [ANA]}
        assert statement["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
        assert statement["Condition"]["StringEquals"] == {"sts:RoleSessionName": "${aws:username}"}
        assert role["maxSessionDuration"] == 3600


def test_who_looks_has_the_reading_login_and_who_breaks_the_glass_the_writing_one(opened: list[Given]) -> None:
    looks, changes = allowed(opened, "on-call"), allowed(opened, "break-glass")

    assert last_parts(looks["rds-db:connect"], "/") == ["on_call"]
    assert last_parts(changes["rds-db:connect"], "/") == ["break_glass"]
    assert last_parts(looks["secretsmanager:GetSecretValue"], "broker/") == ["on_call"]
    assert last_parts(changes["secretsmanager:GetSecretValue"], "/") == ["admin", "admin"]
    assert looks.keys() == changes.keys()
    for given in (looks, changes):
        assert last_parts(given["lambda:InvokeFunction"], "-") == ["operations:live"]


def last_parts(arns: list[str], separator: str) -> list[str]:
    return [arn.rsplit(separator, 1)[1] for arn in arns]


def test_the_only_port_that_is_forwarded_is_the_pages(opened: list[Given]) -> None:
    document = of_type(opened, "aws:ssm/document:Document")["access"]
    content = json.loads(document.inputs["content"])

    assert allowed(opened, "on-call")["ssm:StartSession"][1:] == [document.outputs["arn"]]
    assert content["parameters"].keys() == {"localPortNumber"}
    assert "{{" not in content["properties"]["host"] + content["properties"]["portNumber"]


def test_what_is_typed_is_kept_under_the_stacks_key_which_logs_may_use_for_it_alone(opened: list[Given]) -> None:
    group = of_type(opened, "aws:cloudwatch/logGroup:LogGroup")["access"].inputs
    key_policy = json.loads(of_type(opened, "aws:kms/keyPolicy:KeyPolicy")["key"].inputs["policy"])
    by_iam, logs = key_policy["Statement"]

    assert group["kmsKeyId"].startswith("arn:aws:kms:")
    assert by_iam["Principal"] == {"AWS": "arn:aws:iam::000000000000:root"}
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    context = logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
    assert context.endswith(f":log-group:{group['name']}")


def test_a_release_admits_the_logins_that_migrations_and_topology_know(opened: list[Given]) -> None:
    people = json.loads(of_type(opened, RELEASE)["release"].inputs["input"])["people"]

    assert set(people["database_roles"]) == PEOPLE.keys()
    assert people["broker_users"].keys() == BROKER_USERS.keys()


@pytest.mark.parametrize(
    ("policy", "type_", "name", "change", "said"),
    [
        ("people-are-named", ROLE, "on-call", put(assumeRolePolicy=trusting({"AWS": "*"})), "no user"),
        ("sessions-of-people-are-short", ROLE, "break-glass", put(maxSessionDuration=43_200), "is 43200"),
        ("sessions-in-tasks-are-recorded", "aws:ecs/cluster:Cluster", "access", put(configuration=None), "must write"),
        ("sessions-in-tasks-are-recorded", "aws:cloudwatch/logGroup:LogGroup", "access", put(kmsKeyId=None), "key enc"),
        ("gateway-stands-in-private-subnets", SERVICE, "access", put(networkConfiguration=None), "private subnets"),
    ],
)
def test_a_way_in_with_one_thing_wrong_is_found(
    stack: Evaluate, policy: str, type_: str, name: str, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    found = reported(changed(stack("prod", operatorAccess=[ANA]), type_, change, name), policy)

    assert any(said in each for each in found), found


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_with_people_has_the_same_plan_on_this_machine(tmp_path: Path, name: str) -> None:
    """What people use is not booted: the plan differs in the release's input alone."""
    closed, opened = (plan_with(tmp_path / str(len(people)), name, people) for people in ([], [ANA]))

    assert [each.name for each in closed.functions] == [each.name for each in opened.functions]
    assert opened.secrets.keys() - closed.secrets.keys() == {f"{name}-broker/on_call"}


def plan_with(folder: Path, stack: str, people: list[str]) -> Plan:
    folder.mkdir()
    configure(copy_program(folder), stack, operatorAccess=people)
    read = project.read(folder)
    resources, region = evaluate(read, stack)
    return Collector(resources, read).plan(stack=stack, region=region)


def test_the_guide_names_every_command_of_the_output() -> None:
    source = (ROOT / "infra" / "components" / "people.py").read_text()
    named = {"task", "runtime", "page", "pageHost", "pageLogin", "lookToken", "lookPsql", "changeToken", "changePsql"}

    assert all(f'"{name}"' in source for name in named if not name.startswith(("look", "change")))
    assert {name for name in named if f".{name}" not in words("docs/operations.md")} == set()
