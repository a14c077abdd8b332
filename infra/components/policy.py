"""IAM policy documents: the statements that components grant, and the trust of an AWS service in a role."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What may be done to what. A component that owns a resource hands these out; a role's policy is their list."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]
    condition: Mapping[str, Mapping[str, pulumi.Input[str]]] = field(default_factory=dict)


def policy_document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """Return the policy that allows exactly these statements."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [_allowed(statement) for statement in statements]}
    )


def _allowed(statement: Statement) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": list(statement.actions), "Resource": list(statement.resources)}
    return {**allowed, "Condition": dict(statement.condition)} if statement.condition else allowed


def trust_people(users: Sequence[str], *, within_s: int) -> str:
    """Return the trust policy for these IAM users: with a second factor of so short ago, under their own names."""
    condition = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": str(within_s)},
        # CloudTrail and Session Manager then name the person with every call.
        "StringEquals": {"sts:RoleSessionName": "${aws:username}"},
    }
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(users)}, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def trust(service: str) -> str:
    """Return the trust policy that lets `service` (`lambda.amazonaws.com`) assume a role."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}],
        }
    )
