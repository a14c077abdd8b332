"""The form of the provider's requests, read from the recordings, is told from another one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.infra.deployment.api import Api
from tests.infra.deployment.recorded_form import deviations
from tests.infra.deployment.request import Request, model_of, recorded
from tests.infra.program import ROOT


def one(operation: str) -> Request:
    return next(each for each in recorded("up") if each.operation == operation)


@pytest.mark.parametrize(("name", "count"), [("up", 539), ("destroy", 236), ("change", 19), ("refresh", 257)])
def test_every_recorded_request_is_an_operation_with_members_that_botocore_knows(name: str, count: int) -> None:
    requests = recorded(name)

    assert len(requests) == count
    for each in requests:
        model = model_of(each.service).operation_model(each.operation)
        top = {member.partition(".")[0] for member in each.members}
        assert top <= (model.input_shape.members.keys() if model.input_shape else set()), each


def test_members_inside_lists_are_named_as_boto3_names_them() -> None:
    rule = one("AuthorizeSecurityGroupIngress").members

    assert {"GroupId", "IpPermissions.UserIdGroupPairs.GroupId", "IpPermissions.FromPort"} <= rule
    assert one("CreateBroker").members >= {"Users.Password", "MaintenanceWindowStartTime.DayOfWeek", "Tags"}
    assert one("CreateEventSourceMapping").members >= {"Queues", "SourceAccessConfigurations.URI"}
    assert one("Invoke").members == {"FunctionName", "Qualifier", "Payload"}


def test_what_boto3_is_about_to_ask_is_kept_even_if_nothing_answers() -> None:
    api = Api("http://127.0.0.1:9", region="us-east-1", folder=ROOT / "infra", tags={"stack": "laptop"})
    with pytest.raises(EndpointConnectionError):
        api.client("sns").create_topic(Name="alarms", Tags=api.tags())

    assert api.requests == [one("CreateTopic")]


def test_the_recording_is_in_its_own_form() -> None:
    assert deviations(recorded("up"), recorded("up")) == []


def test_a_member_too_many_or_too_few_a_missing_and_a_foreign_operation_are_named() -> None:
    requests = [each for each in recorded("up") if each.operation != "CreateTopic"]
    vpc = one("CreateVpc")
    more, fewer = replace(vpc, members=vpc.members | {"Ipv6Pool"}), replace(vpc, members=vpc.members - {"CidrBlock"})
    foreign = Request(service="ec2", operation="RunInstances", members=frozenset())

    found = deviations([*requests, more, fewer, foreign], recorded("up"))

    assert found[-2:] == ["never asked for: sns CreateTopic", "never recorded: ec2 RunInstances"]
    assert [each.partition(":")[0] for each in found[:-2]] == ["ec2 CreateVpc"] * 2
