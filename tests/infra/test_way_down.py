"""The way down of `prod`: protection is taken away in place, and what is destroyed never stands on what is gone.

Pulumi's engine destroyed `dev` in the recorded order. It follows the state's graph, and `prod` has that graph and more.
docs/operations.md, "Destroy", is the procedure.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.infra.engine import Given, reported
from tests.infra.living import Evaluate, differences, evaluation
from tests.infra.recording import FOLDER, as_it_was

INSTANCE = "aws:rds/instance:Instance"
BROKER = "aws:mq/broker:Broker"
KEY = "aws:kms/key:Key"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BUCKET = "aws:s3/bucket:Bucket"
BACKUP_COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
HELD_DATA = {f"{INSTANCE} database", f"{BROKER} broker", f"{KEY} key"}
HOLD_DATA = HELD_DATA | {f"{KEY} backups", f"{BUCKET} gateway-access-logs", f"{BUCKET} customers"}
SECRET = "aws:secretsmanager/secret:Secret"
NETWORK = ("aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup")


@pytest.fixture
def stack(tmp_path: Path) -> Evaluate:
    return evaluation(tmp_path)


def label(each: Given) -> str:
    return f"{each.type} {each.name}"


def protected(resources: Iterable[Given]) -> set[str]:
    return {label(each) for each in resources if each.protect}


def destroyed_before(resources: Iterable[Given]) -> dict[str, set[str]]:
    """Return by resource what the engine destroys before it: whatever depends on it or stands inside it, and theirs."""
    by_urn = {each.urn: each for each in resources}
    found: dict[str, set[str]] = {label(each): set() for each in by_urn.values()}
    for each in by_urn.values():
        seen: set[str] = set()
        waiting = [*each.dependencies, each.parent]
        while waiting:
            urn = waiting.pop()
            if urn in by_urn and urn not in seen:
                seen.add(urn)
                found[label(by_urn[urn])].add(label(each))
                waiting += [*by_urn[urn].dependencies, by_urn[urn].parent]
    return found


def test_step_1_protection_is_taken_away_without_replacing_anything(stack: Evaluate) -> None:
    before, after = stack("prod"), stack("prod", isProtected=False)
    changed = differences(before, after)

    assert (protected(before), protected(after)) == (HOLD_DATA, set())
    assert protected(as_it_was("prod")) == HELD_DATA
    for key in ("key", "backups"):
        assert changed.pop(f"{KEY} {key}") == {"deletionWindowInDays"}
    assert changed.pop(f"{BACKUP_COPY} backups") == {"retentionPeriod"}
    assert changed.pop(f"{BUCKET} gateway-access-logs") == {"forceDestroy"}
    for name in [name for name in changed if name.startswith(SECRET)]:
        assert changed.pop(name) == {"recoveryWindowInDays"}
    assert changed.pop(f"{BALANCER} gateway") == {"enableDeletionProtection"}
    assert changed.pop(f"{BUCKET} customers") == {"forceDestroy"}
    assert changed.pop(f"{INSTANCE} database") == {
        "backupRetentionPeriod",
        "deletionProtection",
        "finalSnapshotIdentifier",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "skipFinalSnapshot",
    }
    # The load is no longer reported, so the alarm and the dashboard look at the processors.
    alarm, dashboard = "aws:cloudwatch/metricAlarm:MetricAlarm database-load", "aws:cloudwatch/dashboard:Dashboard"
    assert {name.split()[0] if "Dashboard" in name else name for name in changed} == {alarm, dashboard}


def test_step_1_is_what_the_policies_forbid_in_production(stack: Evaluate) -> None:
    said = reported(stack("prod", isProtected=False))

    assert {each.split(":")[-1].strip() for each in said} == {
        "deletionWindowInDays must be 30 in production",
        "recoveryWindowInDays is 0, it must be 7 or more in production",
        "backupRetentionPeriod is 1",
        "skipFinalSnapshot must be false in production",
        "deletionProtection must be true in production",
        "enableDeletionProtection must be true in production",
    }


def test_step_2_the_recorded_destroy_followed_the_graph() -> None:
    order = json.loads((FOLDER / "destroyed-dev.json").read_text())
    at = {name: position for position, name in enumerate(order)}
    graph = destroyed_before(as_it_was("dev"))

    pairs = [(earlier, name) for name in order for earlier in graph[name] if earlier in at]
    assert len(at) == len(order) > 100
    assert len(pairs) > 1000
    assert [pair for pair in pairs if at[pair[0]] > at[pair[1]]] == []


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_step_2_nothing_is_destroyed_in_a_circle(name: str) -> None:
    graph = destroyed_before(as_it_was(name))

    assert [each for each, earlier in graph.items() if each in earlier] == []


def test_step_2_production_is_destroyed_as_the_recorded_stack_was() -> None:
    dev, prod = destroyed_before(as_it_was("dev")), destroyed_before(as_it_was("prod"))
    order = json.loads((FOLDER / "destroyed-dev.json").read_text())

    # The listener's port, 80 in dev and 443 in prod, is part of a name.
    there = [name for name in order if name in prod]
    assert {name for name in order if name not in prod} <= {name for name in order if name.endswith("-80")}
    for name in there:
        assert dev[name] & {*there} <= prod[name], name


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_step_2_roles_outlive_the_network_and_the_key_what_it_encrypts(name: str) -> None:
    resources = as_it_was(name)
    graph = destroyed_before(resources)
    network = {label(each) for each in resources if each.type in NETWORK}
    rights = [each for each in graph if each.startswith("aws:iam/rolePolicy:") and each.endswith("-interfaces")]
    encrypted = {label(each) for each in resources if each.type in (INSTANCE, BROKER, SECRET)}

    assert len(rights) == 6
    assert len(network) > 6
    for each in rights:
        assert network <= graph[each]
    assert encrypted <= graph[f"{KEY} key"]
    mappings = {each for each in graph if each.startswith("aws:lambda/eventSourceMapping:")}
    assert mappings <= graph["aws:iam/rolePolicy:RolePolicy invoice_consumer"]
