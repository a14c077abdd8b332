"""What awsx makes of its components, as these tests play it, is what awsx made in a recorded deployment."""

import json
from collections.abc import Callable

import pytest
from tests.infra.crosswalk import below, subnets
from tests.infra.engine import Given
from tests.infra.planned import plain, planned
from tests.infra.recording import as_it_was

from localregion.plan.mocks import Resource

Evaluated = Callable[[str], tuple[list[Resource], str]]
SPECS = [{"type": "Public", "cidrMask": 24}, {"type": "Private", "cidrMask": 20}]
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
SUBNET = "aws:ec2/subnet:Subnet"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def of_type(resources: list[Given], type_: str) -> dict[str, Given]:
    found = {each.name: each for each in resources if each.type == type_}
    assert found, type_
    return found


@pytest.mark.parametrize(("stack", "zones"), [("dev", 2), ("prod", 3)])
def test_subnets_stand_where_awsx_put_them(stack: str, zones: int) -> None:
    recorded = of_type(list(as_it_was(stack)), SUBNET)
    made = {each.name: each for each in subnets("network", "10.0.0.0/16", SPECS, zones, zone_mask=None)}

    assert made.keys() == recorded.keys()
    for name, each in made.items():
        assert {**each.inputs, "vpcId": recorded[name].inputs["vpcId"]}.items() <= recorded[name].inputs.items()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nat_gateways_stand_in_the_public_subnets_that_awsx_chose(stack: str, evaluated: Evaluated) -> None:
    recorded, made = list(as_it_was(stack)), planned(stack, evaluated(stack)[0])

    def places(resources: list[Given]) -> dict[str, str]:
        names = {each.outputs["id"]: name for name, each in of_type(resources, SUBNET).items()}
        return {name: names[each.inputs["subnetId"]] for name, each in of_type(resources, NAT_GATEWAY).items()}

    assert places(made) == places(recorded)


@pytest.mark.parametrize("stack", ["dev", "prod"])
@pytest.mark.parametrize("type_", [SERVICE, TASK])
def test_service_and_task_definition_have_the_inputs_that_awsx_gave_them(
    stack: str, type_: str, evaluated: Evaluated
) -> None:
    (recorded,) = of_type(list(as_it_was(stack)), type_).values()
    (made,) = of_type(planned(stack, evaluated(stack)[0]), type_).values()

    assert made.inputs.keys() == recorded.inputs.keys()
    assert made.inputs["__defaults"] == recorded.inputs["__defaults"]


def test_containers_have_the_keys_that_awsx_gave_them(evaluated: Evaluated) -> None:
    def containers(resources: list[Given]) -> dict[str, dict[str, object]]:
        (task,) = of_type(resources, TASK).values()
        return {each["name"]: each for each in json.loads(task.inputs["containerDefinitions"])}

    recorded, made = containers(list(as_it_was("prod"))), containers(planned("prod", evaluated("prod")[0]))

    # The recorded Kong had its configuration from a secret, and nothing that configured it beside it.
    recorded["configurator"] = recorded["collector"]
    del recorded["kong"]["secrets"]
    assert {name: each.keys() for name, each in made.items()} == {name: each.keys() for name, each in recorded.items()}
    assert made["kong"]["portMappings"] == recorded["kong"]["portMappings"]


def test_other_resources_have_nothing_below_them(evaluated: Evaluated) -> None:
    others = [each for each in evaluated("prod")[0] if not each.type.startswith("awsx:")]

    assert [made for each in others for made in below(each.type, each.name, plain(each.inputs))] == []
