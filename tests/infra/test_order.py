"""What comes before what: a failed release moves no alias, and a destroy leaves nothing that holds the network."""

import json
from collections.abc import Callable

import pytest

from localregion.plan.mocks import Resource
from localregion.plan.registered import Registered

GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.fixture
def resources(evaluated: Callable[[str], tuple[list[Resource], str]]) -> dict[str, Resource]:
    return {each.urn: each for each in evaluated("prod")[0]}


def before(resource: Resource, resources: dict[str, Resource]) -> set[str]:
    """Return what the engine creates before a resource and deletes after it."""
    return Registered([*resources.values()]).before(resource)


def of_type(resources: dict[str, Resource], type_: str, *names: str) -> list[Resource]:
    found = [each for each in resources.values() if each.type == type_ and (not names or each.name in names)]
    assert found, type_
    return found


def test_every_alias_but_releases_own_moves_after_the_release(resources: dict[str, Resource]) -> None:
    (release,) = of_type(resources, "aws:lambda/invocation:Invocation", "release")

    for alias in of_type(resources, "aws:lambda/alias:Alias"):
        assert (release.urn in before(alias, resources)) == (alias.name != "release")


def test_new_code_is_there_before_the_release_ends_and_nobody_calls_it(resources: dict[str, Resource]) -> None:
    (release,) = of_type(resources, "aws:lambda/invocation:Invocation", "release")

    for function in of_type(resources, "aws:lambda/function:Function"):
        assert release.urn not in before(function, resources)


def test_mappings_and_schedules_start_after_the_release(resources: dict[str, Resource]) -> None:
    (release,) = of_type(resources, "aws:lambda/invocation:Invocation", "release")

    for type_ in ("aws:lambda/eventSourceMapping:EventSourceMapping", "aws:scheduler/schedule:Schedule"):
        for each in of_type(resources, type_):
            assert release.urn in before(each, resources)


def test_no_new_kong_starts_before_the_stacks_customers_are_written(resources: dict[str, Resource]) -> None:
    (release,) = of_type(resources, "aws:lambda/invocation:Invocation", "release")
    (adoption,) = of_type(resources, "aws:lambda/invocation:Invocation", "customers")
    (service,) = of_type(resources, "awsx:ecs:FargateService")

    assert release.urn in before(adoption, resources)
    assert adoption.urn in before(service, resources)


def test_the_roles_outlive_whatever_lambdas_network_interfaces_hold(resources: dict[str, Resource]) -> None:
    functions = [each.name for each in of_type(resources, "aws:lambda/function:Function")]
    rights = of_type(resources, "aws:iam/rolePolicy:RolePolicy", *[f"{name}-interfaces" for name in functions])
    assert len(rights) == len(functions)

    for held in [*of_type(resources, GROUP), *of_type(resources, "awsx:ec2:Vpc")]:
        assert {each.urn for each in rights} <= before(held, resources)


def test_a_mapping_is_deleted_before_the_rights_of_its_function(resources: dict[str, Resource]) -> None:
    consumers = ("invoice_consumer", "order_updater")
    rights = {of_type(resources, "aws:iam/rolePolicy:RolePolicy", name)[0].urn for name in consumers}

    found = set()
    for mapping in of_type(resources, "aws:lambda/eventSourceMapping:EventSourceMapping"):
        own = rights & before(mapping, resources)
        assert own
        found |= own
    assert found == rights


def test_a_function_is_made_after_its_rights(resources: dict[str, Resource]) -> None:
    for function in of_type(resources, "aws:lambda/function:Function"):
        rights = of_type(resources, "aws:iam/rolePolicy:RolePolicy", function.name, f"{function.name}-interfaces")
        assert {each.urn for each in rights} <= before(function, resources)


def test_production_protects_what_holds_data(resources: dict[str, Resource]) -> None:
    held = ("aws:rds/instance:Instance", "aws:mq/broker:Broker", "aws:kms/key:Key", "aws:s3/bucket:Bucket")

    assert all(each.protect for type_ in held for each in of_type(resources, type_))


def test_operations_may_write_the_customers_object_and_ask_for_it_and_for_no_other(
    resources: dict[str, Resource],
) -> None:
    (policy,) = of_type(resources, "aws:iam/rolePolicy:RolePolicy", "operations")
    statements = json.loads(policy.inputs["policy"])["Statement"]

    on_objects = {action: each["Resource"] for each in statements for action in each["Action"] if "Object" in action}
    assert on_objects.keys() == {"s3:PutObject", "s3:GetObject"}
    assert {tuple(each) for each in on_objects.values()} == {("arn:aws:s3:::prod-customers/gateway/customers.json",)}
