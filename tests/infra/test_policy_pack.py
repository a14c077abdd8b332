"""The policies as Pulumi runs them. Its SDK stands in an environment of its own, so its part is played here."""

import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tests.infra.policy_stack import broken, stack_of

import policies
from localregion.plan import mocks

pack = importlib.import_module("policies.__main__")
BROKER = "aws:mq/broker:Broker"


def test_the_pack_hands_every_policy_to_pulumi_and_reports_with_the_resources_name(
    evaluated: Callable[[str], tuple[list[mocks.Resource], str]],
) -> None:
    built = build()
    stack = broken(stack_of("prod", evaluated("prod")[0]), BROKER, lambda given: given.update(publiclyAccessible=True))
    given = SimpleNamespace(
        resources=[
            SimpleNamespace(
                resource_type=each.type, name=each.name, props=each.properties, urn=f"urn:pulumi:prod::p::{each.type}"
            )
            for each in stack.resources
        ]
    )
    reported: list[str] = []
    for policy in built["policies"]:
        policy["validate"](given, reported.append)

    assert [policy["name"] for policy in built["policies"]] == [policy.name for policy in policies.ALL]
    assert all(policy["description"].endswith(".") for policy in built["policies"])
    assert reported == [f"{BROKER} broker: publiclyAccessible must be false"]
    assert built["enforcement_level"] == "mandatory"


def build() -> dict[str, Any]:
    """Return what the SDK's classes are given."""
    sdk = SimpleNamespace(
        PolicyPack=dict, StackValidationPolicy=dict, EnforcementLevel=SimpleNamespace(MANDATORY="mandatory")
    )
    built: dict[str, Any] = pack.build(sdk)
    return built
