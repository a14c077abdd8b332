"""What a plan must have so that it can run: refused here, by the resource's type and name, before anything is booted.

`check` looks at how parts of the plan name each other, for every stack. `check_sources` looks for the source tree that
stands in for archives, which only the stack that is booted needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localregion.plan.errors import PlanError
from localregion.plan.model import Plan
from localregion.plan.rate import period_s
from localregion.plan.sources import UnknownLayerError, function_folder, is_archive, source_folders
from localregion.project import Project

_INVOCATION = "aws:lambda/invocation:Invocation"
_MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
_SCHEDULE = "aws:scheduler/schedule:Schedule"
_FUNCTION = "aws:lambda/function:Function"
_BROKER = "aws:mq/broker:Broker"
_LOGIN = {"username", "password"}


def check(plan: Plan, project: Project) -> None:
    """Raise PlanError for the first thing that could not run."""
    for each in (_check_invocations, _check_routes, _check_schedules, _check_logins):
        each(plan)
    if project.queues and plan.broker is None:
        raise PlanError(
            f"[tool.localregion] queues names {', '.join(project.queues)}, and the program has no broker for "
            "them: add an aws.mq.Broker, or take the key out"
        )


def check_sources(plan: Plan, root: Path) -> None:
    """Raise PlanError for a function or a layer whose source is not in the project."""
    for function in plan.functions:
        folder = function_folder(function.code, root)
        label = f"{_FUNCTION} {function.name!r}"
        if not folder.is_dir():
            raise PlanError(
                f"{label}: the source of {function.code} would be {folder.relative_to(root)}, which is no folder: "
                "make it, or give `code` the name of one"
            )
        for layer in filter(is_archive, function.layers):
            try:
                source_folders(layer, root)
            except UnknownLayerError as error:
                raise PlanError(
                    f"{label}: {error}: make it, or say in [tool.localregion.layers] where it comes from"
                ) from error


def _check_invocations(plan: Plan) -> None:
    for invocation in plan.invocations:
        _check_function(plan, f"{_INVOCATION} {invocation.name!r}", invocation.function, invocation.qualifier)


def _check_routes(plan: Plan) -> None:
    for where, config in _lambda_plugins(plan.gateway.declarative_config if plan.gateway else {}, "gateway"):
        _check_function(plan, where, str(config.get("function_name")), config.get("qualifier"))


def _check_function(plan: Plan, where: str, name: str, qualifier: str | None) -> None:
    """Refuse a function that the plan lacks; an ARN is of no function here that a gateway could name otherwise."""
    name = name.rpartition(":function:")[2]
    functions = {function.name: function for function in plan.functions}
    if name not in functions:
        raise PlanError(
            f"{where} invokes {name!r}, which is no function of the program: there are {_listed(functions)}"
        )
    aliases = functions[name].aliases
    if qualifier not in (None, "$LATEST", "1", *aliases):
        raise PlanError(
            f"{where} invokes {name!r} by {qualifier!r}, which is no alias of the program: there are "
            f"{_listed(aliases)}; add an aws.lambda_.Alias"
        )


def _check_schedules(plan: Plan) -> None:
    for schedule in plan.schedules:
        try:
            period_s(schedule.expression)
        except ValueError as error:
            raise PlanError(f"{_SCHEDULE} {schedule.name!r}: {error}") from None


def _check_logins(plan: Plan) -> None:
    for mapping in plan.event_source_mappings:
        _check_login(plan, f"{_MAPPING} {mapping.name!r}", mapping.secret)
    if plan.broker is not None:
        _check_login(plan, _BROKER, plan.broker.admin_secret)


def _check_login(plan: Plan, where: str, secret: str) -> None:
    fields = plan.secrets.get(secret)
    if fields is None:
        raise PlanError(f"{where}: the secret {secret!r} has no value: add an aws.secretsmanager.SecretVersion")
    if lacking := sorted(_LOGIN - fields.keys()):
        raise PlanError(f"{where}: the secret {secret!r} has no {' and no '.join(lacking)}: add it to its JSON object")


def _lambda_plugins(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every configuration of Kong's aws-lambda plugin, with the nearest named entity around it."""
    if isinstance(node, dict):
        if node.get("name") == "aws-lambda" and "config" in node:
            yield f"{where}, plugin aws-lambda,", node["config"]
        elif isinstance(node.get("name"), str):
            where = f"{where} {node['name']!r}"
        for key, child in node.items():
            yield from _lambda_plugins(
                child, f"{where} {key}" if isinstance(child, list) and key != "plugins" else where
            )
    elif isinstance(node, list):
        for child in node:
            yield from _lambda_plugins(child, where)


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
