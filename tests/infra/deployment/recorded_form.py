"""Whether requests are in the form that recordings of Pulumi's provider have.

An operation of both must have the members of one of the recorded requests. Exceptions are what the program has changed
since, and stand here.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.infra.deployment.request import Request

# What today's program has that the recorded one had not: operations, and members of operations in both.
_NEW_OPERATIONS = {
    ("cloudwatch", "PutCompositeAlarm"),
    ("lambda", "DeleteFunctionEventInvokeConfig"),
    ("lambda", "GetFunctionEventInvokeConfig"),
    ("lambda", "PutFunctionEventInvokeConfig"),
}
_NEW_SERVICES = {"s3"}
_NEW_MEMBERS = {
    ("cloudwatch", "PutMetricAlarm"): {"EvaluateLowSampleCountPercentile", "ExtendedStatistic"},
    ("lambda", "CreateFunction"): {"LoggingConfig.ApplicationLogLevel"},
    ("rds", "CreateDBInstance"): {"EngineLifecycleSupport"},
    ("rds", "CreateDBProxy"): {"DefaultAuthScheme"},
}
# And what it has no more: alarms behind a composite one tell nothing, configuration is no secret, and the broker has
# AWS's own key.
_GONE_MEMBERS = {
    ("cloudwatch", "PutMetricAlarm"): {"AlarmActions", "OKActions", "Statistic"},
    ("ecs", "RegisterTaskDefinition"): {"containerDefinitions.secrets.name", "containerDefinitions.secrets.valueFrom"},
    ("mq", "CreateBroker"): {"EncryptionOptions.KmsKeyId", "EncryptionOptions.UseAwsOwnedKey"},
}


def deviations(ours: Iterable[Request], theirs: Iterable[Request]) -> list[str]:
    """Return where requests are not in the form of recorded ones, but for what the program itself has changed."""
    sent_, known = _by_operation(ours), _by_operation(theirs)
    found = [f"never asked for: {' '.join(operation)}" for operation in known.keys() - sent_.keys()]
    for operation in sent_.keys() - known.keys() - _NEW_OPERATIONS:
        if operation[0] not in _NEW_SERVICES:
            found.append(f"never recorded: {' '.join(operation)}")
    for operation in sent_.keys() & known.keys():
        found += [
            f"{' '.join(operation)}: no recorded request has {sorted(members)}"
            for members in sent_[operation]
            if not any(_is_like(operation, members, each) for each in known[operation])
        ]
    return sorted(found)


def _is_like(operation: tuple[str, str], ours: frozenset[str], theirs: frozenset[str]) -> bool:
    kept = ours - _NEW_MEMBERS.get(operation, set())
    return theirs - _GONE_MEMBERS.get(operation, set()) <= kept <= theirs


def _by_operation(requests: Iterable[Request]) -> dict[tuple[str, str], set[frozenset[str]]]:
    found: dict[tuple[str, str], set[frozenset[str]]] = {}
    for each in requests:
        found.setdefault((each.service, each.operation), set()).add(each.members)
    return found
