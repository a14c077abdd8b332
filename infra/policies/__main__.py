"""The same policies as a CrossGuard pack: `pulumi preview --policy-pack policies`.

Each is a policy over the whole stack, because most of them look at more than one resource. What is unknown until
something exists is not checked at a preview, Pulumi says so, and is checked by the update.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ("infra", "functions", "layers/contracts/python", "layers/postgres/python", "layers/tracing/python")


def main() -> None:
    sys.path[:0] = [str(ROOT / source) for source in SOURCES]
    build(importlib.import_module("pulumi_policy"))


def build(pulumi_policy: Any) -> Any:
    """Hand the policies to Pulumi's SDK, which is given because it lives in an environment of its own."""
    return pulumi_policy.PolicyPack(
        name="serverless-orders",
        enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
        policies=[
            pulumi_policy.StackValidationPolicy(
                name=each.name, description=each.description, validate=_validator(each.name)
            )
            for each in importlib.import_module("policies").ALL
        ],
    )


def _validator(name: str) -> Callable[[Any, Callable[..., None]], None]:
    def validate(args: Any, report_violation: Callable[..., None]) -> None:
        from policies import ALL
        from policies.model import Resource, Stack

        (each,) = [candidate for candidate in ALL if candidate.name == name]
        resources = [
            Resource(type=given.resource_type, name=given.name, properties=given.props) for given in args.resources
        ]
        for resource, wrong in each.violations(Stack(name=_stack_name(args), resources=resources)):
            report_violation(f"{resource.type} {resource.name}: {wrong}")

    return validate


def _stack_name(args: Any) -> str:
    """Return the stack's name: a URN is `urn:pulumi:<stack>::<project>::…`."""
    return next((str(given.urn).split("::")[0].removeprefix("urn:pulumi:") for given in args.resources), "")


if __name__ == "__main__":
    main()
