"""Resource-based policies of functions: who may invoke them. Kept and shown; nothing here asks them.

https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from localregion.aws.http.errors import broken_limit, not_found, resource_conflict
from localregion.aws.lambda_.functions.names import LATEST
from localregion.aws.lambda_.registry.call import Call
from localregion.aws.lambda_.registry.state import Document

_CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
}


def add_permission(call: Call) -> Document:
    for member in ("StatementId", "Action", "Principal"):
        if not call.body.get(member):
            raise broken_limit(member[0].lower() + member[1:], "null", "Member must not be null")
    policies, under, statement = call.function().policies, call.set_under(), _statement(call)
    statements = policies.get(under, {}).get("statements", [])
    if any(each["Sid"] == statement["Sid"] for each in statements):
        raise resource_conflict(
            f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or "
            "remove the existing statement."
        )
    policies[under] = {"RevisionId": str(uuid.uuid4()), "statements": [*statements, statement]}
    return {"Statement": json.dumps(statement, separators=(",", ":"))}


def get_policy(call: Call) -> Document:
    policy = call.function().policies.get(call.qualifier or LATEST)
    if policy is None:
        raise not_found("The resource you requested does not exist.")
    document = {"Version": "2012-10-17", "Id": "default", "Statement": policy["statements"]}
    return {"Policy": json.dumps(document, separators=(",", ":")), "RevisionId": policy["RevisionId"]}


def remove_permission(call: Call) -> None:
    policies, under, wanted = call.function().policies, call.qualifier or LATEST, call.parameters["statement"]
    statements = policies.get(under, {}).get("statements", [])
    kept = [each for each in statements if each["Sid"] != wanted]
    if len(kept) == len(statements):
        raise not_found(f"Statement {wanted} is not found in resource policy.")
    del policies[under]
    if kept:
        policies[under] = {"RevisionId": str(uuid.uuid4()), "statements": kept}


def _statement(call: Call) -> dict[str, Any]:
    statement = {
        "Sid": call.body["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(call.body["Principal"]),
        "Action": call.body["Action"],
        "Resource": call.place.function_arn(call.name, call.qualifier),
    }
    conditions: dict[str, dict[str, str]] = {}
    for member, (operator, key) in _CONDITIONS.items():
        if member in call.body:
            conditions.setdefault(operator, {})[key] = call.body[member]
    return {**statement, "Condition": conditions} if conditions else statement


def _principal(name: str) -> str | dict[str, str]:
    if name == "*":
        return name
    if re.fullmatch(r"\d{12}", name):
        return {"AWS": f"arn:aws:iam::{name}:root"}
    return {"AWS": name} if name.startswith("arn:") else {"Service": name}
