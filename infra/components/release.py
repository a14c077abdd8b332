"""The run of the function `release` that a deployment contains: migrations, login roles, RabbitMQ's users and topology.

It runs inside the VPC because nothing outside reaches database or broker, and again whenever what it applies changes or
what it applies it to is another one: a replaced database or broker is empty.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.function import Function

# What a release applies, from the project's root: when one of these changes, it runs again.
RELEASED = ("migrations", "functions/release", "layers/contracts/python/contracts/topology.py")


@dataclass(frozen=True, kw_only=True)
class People:
    """The logins of people that are let in: database roles by IAM, RabbitMQ users with the secret of each."""

    database_roles: Sequence[str] = ()
    broker_users: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """Names of database roles and RabbitMQ users with the secret of each; None for a role that logs in by IAM.

    `database_id` and `broker_arn` are other ones after a replacement, whose names stay.
    """

    function: Function
    database_roles: Mapping[str, pulumi.Input[str] | None]
    broker_users: Mapping[str, pulumi.Input[str]]
    content_hash: str
    database_id: pulumi.Input[str]
    broker_arn: pulumi.Input[str]
    people: People = field(default_factory=People)


class Release(pulumi.ComponentResource):
    """The invocation of `release`. Resources that need a table, a queue or a user depend on it.

    Creates:
      - the invocation, repeated when its input, the content hash, the database or the broker changes

    Outputs: result (what the function answered).
    """

    def __init__(self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Release", name, None, opts)
        invocation = aws.lambda_.Invocation(
            name,
            function_name=args.function.name,
            qualifier=args.function.qualifier,
            input=pulumi.Output.json_dumps(
                {
                    "database_roles": dict(args.database_roles),
                    "broker_users": dict(args.broker_users),
                    "people": {
                        "database_roles": list(args.people.database_roles),
                        "broker_users": dict(args.people.broker_users),
                    },
                }
            ),
            triggers={"content": args.content_hash, "database": args.database_id, "broker": args.broker_arn},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.result: pulumi.Output[str] = invocation.result
        self.register_outputs({"result": self.result})


def content_hash(paths: Iterable[Path]) -> str:
    """Return a hash of these files and folders: names below each path and contents, bytecode left out."""
    digest = hashlib.sha256()
    for path in paths:
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        if not files:
            raise FileNotFoundError(f"{path} is missing or empty")
        for file in (file for file in files if file.is_file() and "__pycache__" not in file.parts):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(path.parent).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
