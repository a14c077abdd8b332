"""The way in for people: named ones, with a second factor, for an hour, recorded, and nothing that listens."""

import re
from collections.abc import Iterator

from policies.model import Resource, Stack, policy
from policies.rights import ROLE, is_for_people, trusting

CLUSTER = "aws:ecs/cluster:Cluster"
SERVICE = "aws:ecs/service:Service"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
USER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:user/[^*]+")
SESSION_S_MAX = 3_600


@policy(ROLE)
def people_are_named(resource: Resource, stack: Stack) -> Iterator[str]:
    """A role for people trusts users one by one: no pattern, no whole account, no other role."""
    for statement in filter(is_for_people, trusting(resource)):
        principal = statement["Principal"]
        named = principal if isinstance(principal, str) else principal["AWS"]
        for each in [named] if isinstance(named, str) else named:
            if not USER.fullmatch(each):
                yield f"it trusts {each}, which is no user"


@policy(ROLE)
def people_show_a_second_factor(resource: Resource, stack: Stack) -> Iterator[str]:
    """A role for people is assumed with a second factor of the last hour, under the person's own name."""
    for statement in filter(is_for_people, trusting(resource)):
        condition = statement.get("Condition") or {}
        # Not BoolIfExists: a key of long standing says nothing of a second factor, and would be let in.
        if (condition.get("Bool") or {}).get("aws:MultiFactorAuthPresent") != "true":
            yield "it does not demand aws:MultiFactorAuthPresent"
        age = (condition.get("NumericLessThan") or {}).get("aws:MultiFactorAuthAge", "inf")
        if float(age) > SESSION_S_MAX:
            yield f"it takes a second factor of {age} s ago"
        if (condition.get("StringEquals") or {}).get("sts:RoleSessionName") != "${aws:username}":
            yield "its sessions have names that people choose"


@policy(ROLE)
def sessions_of_people_are_short(resource: Resource, stack: Stack) -> Iterator[str]:
    """A role for people lasts an hour, which is the least that IAM allows."""
    if any(map(is_for_people, trusting(resource))):
        seconds = resource.properties.get("maxSessionDuration") or 0
        if seconds != SESSION_S_MAX:
            yield f"maxSessionDuration is {seconds}, it must be {SESSION_S_MAX}"


@policy(SERVICE)
def sessions_in_tasks_are_recorded(resource: Resource, stack: Stack) -> Iterator[str]:
    """Commands run in tasks only of a cluster that writes them down, in a log group with the stack's key."""
    if not resource.properties.get("enableExecuteCommand"):
        return
    clusters = {each.properties.get("arn"): each for each in stack.of_type(CLUSTER)}
    cluster = clusters.get(resource.properties.get("cluster"))
    configuration = (cluster.properties.get("configuration") or {}) if cluster else {}
    execution = configuration.get("executeCommandConfiguration") or {}
    log = execution.get("logConfiguration") or {}
    groups = {each.properties.get("name"): each.properties for each in stack.of_type(LOG_GROUP)}
    group = groups.get(log.get("cloudWatchLogGroupName")) or {}
    if (
        execution.get("logging") != "OVERRIDE"
        or not log.get("cloudWatchEncryptionEnabled")
        or not group.get("kmsKeyId")
    ):
        yield "its cluster must write sessions into a log group of the program that the stack's key encrypts"
    if not execution.get("kmsKeyId"):
        yield "its cluster must encrypt sessions with the stack's key"


@policy(SERVICE)
def no_task_has_both_sessions_and_listeners(resource: Resource, stack: Stack) -> Iterator[str]:
    """A task that people enter serves no requests, and one that serves them is not entered."""
    if resource.properties.get("enableExecuteCommand") and resource.properties.get("loadBalancers"):
        yield "it stands behind a load balancer and lets people in"
