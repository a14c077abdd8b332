"""The resources of one evaluation, by type and by ARN: what an input of one means when it names another.

Whatever names something that the program does not have is refused, with the names that there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localregion.plan.errors import PlanError
from localregion.plan.inputs import archive, label, plain
from localregion.plan.mocks import Resource, is_secret, placeholder
from localregion.plan.model import ACCOUNT
from localregion.plan.types import ALIAS, FUNCTION, SECRET


class Registered:
    """`all` is in the order of types and names."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.all = sorted(resources, key=lambda resource: (resource.type, resource.name))
        self._by_urn = {resource.urn: resource for resource in self.all}
        self.by_arn = {str(resource.outputs["arn"]): resource for resource in self.all if "arn" in resource.outputs}

    def of_type(self, type_: str) -> list[Resource]:
        return [resource for resource in self.all if resource.type == type_]

    def by_dependency(self, type_: str) -> list[Resource]:
        """Return those of a type, each behind those that the engine makes before it."""
        found = self.of_type(type_)
        urns = {resource.urn for resource in found}
        return sorted(found, key=lambda resource: (len(self.before(resource) & urns), resource.name))

    def before(self, resource: Resource) -> set[str]:
        """Return what the engine makes before a resource: its dependencies and parents, and theirs."""
        found: set[str] = set()
        waiting = [*resource.dependencies, resource.parent]
        while waiting:
            urn = waiting.pop()
            if urn in self._by_urn and urn not in found:
                found.add(urn)
                waiting += [*self._by_urn[urn].dependencies, self._by_urn[urn].parent]
        return found

    def only(self, type_: str) -> Resource | None:
        """Return the one resource of this type, None when there is none."""
        found = self.of_type(type_)
        if len(found) > 1:
            names = ", ".join(repr(resource.name) for resource in found)
            raise PlanError(f"the plan holds one {type_}, the program registers {len(found)}: {names}")
        return found[0] if found else None

    def target(self, resource: Resource, arn: str) -> tuple[str, str | None]:
        """Return name and qualifier of the function that an ARN, with an alias or without, stands for."""
        target = self.by_arn.get(arn)
        if target is not None and target.type == ALIAS:
            return str(target.inputs["functionName"]), str(target.outputs["name"])
        if target is not None and target.type == FUNCTION:
            return str(target.outputs["name"]), None
        known = sorted(arn for arn, each in self.by_arn.items() if each.type in (FUNCTION, ALIAS))
        raise PlanError(
            f"{label(resource)} invokes {arn}, which is no function and no alias of the program: give the arn of one, "
            f"there are {', '.join(known) or 'none'}"
        )

    def secret_name(self, resource: Resource, arn: str) -> str:
        secret = self.by_arn.get(arn)
        if secret is None or secret.type != SECRET:
            known = sorted(arn for arn, each in self.by_arn.items() if each.type == SECRET)
            raise PlanError(
                f"{label(resource)} names {arn}, which is no secret of the program: give the arn of one, "
                f"there are {', '.join(known) or 'none'}"
            )
        return str(secret.outputs["name"])

    def layer(self, resource: Resource, arn: str, *, program: str) -> str:
        layer = self.by_arn.get(arn)
        if layer is not None:
            return archive(layer, "code", program=program)
        if not arn.startswith("arn:") or f":{ACCOUNT}:" in arn:
            raise PlanError(f"{label(resource)} has the layer {arn}: give it the arn of an aws.lambda_.LayerVersion")
        return arn

    def check_role(self, resource: Resource) -> None:
        arn = str(resource.inputs.get("role"))
        is_foreign = arn.startswith("arn:aws") and f":iam::{ACCOUNT}:" not in arn
        if arn not in self.by_arn and not is_foreign:
            raise PlanError(f"{label(resource)} has the role {arn}: give it the arn of an aws.iam.Role")

    def reference(self, node: Any, where: str) -> dict[str, str]:
        value = node["value"] if is_secret(node) else None
        for secret in self.of_type(SECRET):
            if value == placeholder(str(secret.outputs["name"])):
                return {"$secret": str(secret.outputs["name"])}
        raise PlanError(f"{where} is not the value of a secret's version, marked secret")

    def revealing(self, node: Any, where: str) -> Any:
        """Return a tree in which each value that is marked secret is a reference to its secret."""
        if is_secret(node):
            return self.reference(node, where)
        if isinstance(node, Mapping):
            return {key: self.revealing(value, f"{where}.{key}") for key, value in sorted(node.items())}
        if isinstance(node, list):
            return [self.revealing(value, f"{where}[{index}]") for index, value in enumerate(node)]
        return plain(node)
