"""Who may take the way in: two roles for the people that the stack names, and what each of them types.

A role is assumed with a second factor, for an hour, under the person's own name, so that CloudTrail names the person
with each call. `on-call` looks and invokes `operations`; `break-glass` may also change rows and read the
administrators' secrets: that it was assumed is the event to ask about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.access import CONTAINER, Access
from components.broker import Broker
from components.database import PORT, Database
from components.function import Function
from components.policy import Statement, policy_document, trust_people
from components.secret import Secret

READER, WRITER = "on_call", "break_glass"
# The least that IAM allows, and as long as a second factor counts.
SESSION_S = 3_600


@dataclass(frozen=True, kw_only=True)
class PeopleArgs:
    """`users` are IAM users by ARN; `page_login` is RabbitMQ's user for people, `operations` what they may invoke."""

    prefix: str
    region: str
    users: Sequence[str]
    access: Access
    database: Database
    broker: Broker
    page_login: Secret
    operations: Function


class People(pulumi.ComponentResource):
    """The people on call.

    Creates:
      - a role `on-call` and a role `break-glass`, each with its policy

    Outputs: commands (what to type, by purpose).
    """

    def __init__(self, name: str, args: PeopleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:People", name, None, opts)
        self._args = args
        reader = self._build_role("on-call", READER, args.page_login.read())
        administrators = [*args.broker.administrator.read(), *args.database.administrator_login().statements]
        writer = self._build_role("break-glass", WRITER, administrators)
        roles = {"onCallRole": reader.arn, "breakGlassRole": writer.arn}
        self.commands: Mapping[str, pulumi.Output[str]] = {**roles, **self._sessions(), **self._logins()}
        self.register_outputs({"commands": self.commands})

    def _build_role(self, name: str, login: str, beside: Sequence[Statement]) -> aws.iam.Role:
        opts, args = pulumi.ResourceOptions(parent=self), self._args
        role = aws.iam.Role(
            name,
            name=f"{args.prefix}{name}",
            assume_role_policy=trust_people(args.users, within_s=SESSION_S),
            max_session_duration=SESSION_S,
            opts=opts,
        )
        rights = [*args.access.sessions(), *args.database.login(login).statements, args.operations.invoke(), *beside]
        aws.iam.RolePolicy(name, role=role.name, policy=policy_document(rights), opts=opts)
        return role

    def _sessions(self) -> dict[str, pulumi.Output[str]]:
        """Find the task, and the page: `$TASK` and `$RUNTIME` are what the first two print."""
        concat, cluster = pulumi.Output.concat, self._args.access.cluster
        described = f"--tasks $TASK --query 'tasks[0].containers[?name==`{CONTAINER}`].runtimeId' --output text"
        target = concat("--target ecs:", cluster, "_${TASK##*/}_$RUNTIME")
        return {
            "task": concat("aws ecs list-tasks --cluster ", cluster, " --query 'taskArns[0]' --output text"),
            "runtime": concat("aws ecs describe-tasks --cluster ", cluster, f" {described}"),
            "page": concat("aws ssm start-session ", target, " --document-name ", self._args.access.page),
            "pageHost": self._args.broker.management_url,
            "pageLogin": self._args.page_login.arn,
        }

    def _logins(self) -> dict[str, pulumi.Output[str]]:
        """A token is the password that psql asks for, within 15 minutes."""
        concat, args = pulumi.Output.concat, self._args
        made = concat("aws rds generate-db-auth-token --hostname ", args.database.endpoint, f" --port {PORT}")
        run = f" --task $TASK --container {CONTAINER} --interactive --command 'psql --username "
        return {
            f"{purpose}{kind}": command
            for purpose, login in (("look", READER), ("change", WRITER))
            for kind, command in (
                ("Token", concat(made, f" --region {args.region} --username {login}")),
                ("Psql", concat("aws ecs execute-command --cluster ", args.access.cluster, f"{run}{login}'")),
            )
        }
