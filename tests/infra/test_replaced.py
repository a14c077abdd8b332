"""A replaced database or broker has its old name and nothing in it: the release runs again and fills it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.infra.living import Evaluate, differences, evaluation, of_type

from localregion.plan.mocks import AwsMocks

INSTANCE = "aws:rds/instance:Instance"
BROKER = "aws:mq/broker:Broker"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
RELEASE = "aws:lambda/invocation:Invocation release"
ADOPTION = "aws:lambda/invocation:Invocation customers"


class AnotherDatabase(AwsMocks):
    """AWS after the database was replaced: the same name, another resource id."""

    def _given(self, type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        given = super()._given(type_, name, inputs)
        return {**given, "resourceId": "db-1"} if type_ == INSTANCE else given


class AnotherBroker(AwsMocks):
    """AWS after the broker was replaced: the same name, another id in the ARN."""

    def _given(self, type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        given = super()._given(type_, name, inputs)
        return {**given, "arn": given["arn"].replace(":b-0", ":b-1")} if type_ == BROKER else given


@pytest.fixture
def stack(tmp_path: Path) -> Evaluate:
    return evaluation(tmp_path)


def test_a_replaced_database_is_migrated_and_gets_its_logins(stack: Evaluate) -> None:
    changed = differences(stack("prod"), stack("prod", mocks=AnotherDatabase))

    # Nothing else but the proxy's right to log in, which names the database by its id.
    assert changed == {
        RELEASE: {"triggers.database"},
        ADOPTION: {"triggers.database"},
        "aws:iam/rolePolicy:RolePolicy database-proxy": {"policy"},
    }


def test_a_replaced_broker_gets_its_users_and_queues(stack: Evaluate) -> None:
    before, after = stack("prod"), stack("prod", mocks=AnotherBroker)
    changed = differences(before, after)

    assert changed.pop(RELEASE) == {"triggers.broker"}
    # Nothing else but the mappings, and the rights of the functions in whose names they consume.
    mappings = {f"{MAPPING} {name}": changed.pop(f"{MAPPING} {name}") for name in of_type(before, MAPPING)}
    assert set.union(*mappings.values()) == {"eventSourceArn"}
    assert "aws:iam/rolePolicy:RolePolicy invoice_consumer" in changed
    assert set.union(*changed.values()) == {"policy"}


def test_a_release_that_nothing_changed_runs_no_second_time(stack: Evaluate) -> None:
    assert differences(stack("prod"), stack("prod")) == {}
