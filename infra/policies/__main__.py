"""The same policies as a CrossGuard pack: `pulumi preview --policy-pack policies`.

Each is a policy over the whole stack, because most of them look at more than one resource; they read the inputs that
the first policy of the pack collects (policies/collected.py). What is unknown until something exists is not checked at
a preview, Pulumi says so, and is checked by the update.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policies.collected import Collected
    from policies.model import Policy

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    sys.path[:0] = [str(ROOT / "infra"), str(ROOT / "functions"), *map(str, sorted(ROOT.glob("layers/*/python")))]
    build(importlib.import_module("pulumi_policy"))


def build(pulumi_policy: Any) -> Any:
    """Hand the policies to Pulumi's SDK, which is given because it lives in an environment of its own."""
    collected = importlib.import_module("policies.collected").Collected()
    collecting = pulumi_policy.ResourceValidationPolicy(
        name="inputs-are-collected",
        description="Keeps the inputs of each resource for the policies over the stack; reports nothing.",
        validate=lambda args, _: collected.keep(args.urn, args.props),
    )
    unknown = pulumi_policy.proxy.UnknownValueError
    return pulumi_policy.PolicyPack(
        name="serverless-orders",
        enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
        policies=[
            collecting,
            *(
                pulumi_policy.StackValidationPolicy(
                    name=each.name, description=each.description, validate=_validator(each, collected, unknown)
                )
                for each in importlib.import_module("policies").ALL
            ),
        ],
    )


def _validator(
    policy: "Policy", collected: "Collected", unknown: type[Exception]
) -> Callable[[Any, Callable[..., None]], None]:
    def validate(args: Any, report_violation: Callable[..., None]) -> None:
        stack = collected.stack(args)
        not_yet: list[Exception] = []
        for resource in filter(collected.visited, stack.of_type(*policy.types)):
            try:
                for wrong in policy.check(resource, stack):
                    report_violation(f"{resource.type} {resource.name}: {wrong}")
            except unknown as error:
                not_yet.append(error)
        # Only now: one resource that is unknown must not hide what is wrong with the others.
        if not_yet:
            raise not_yet[0]

    return validate


if __name__ == "__main__":
    main()
