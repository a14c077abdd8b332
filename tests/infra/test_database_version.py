"""A higher `databaseVersion`: the instance is updated at once, in place, between a new parameter group and the old one.

docs/operations.md, "Raise the database's version", is the procedure that this holds.
"""

from pathlib import Path

import pytest
from tests.infra.engine import reported
from tests.infra.living import Evaluate, differences, evaluation, of_type

INSTANCE = "aws:rds/instance:Instance"
GROUP = "aws:rds/parameterGroup:ParameterGroup"


@pytest.fixture
def stack(tmp_path: Path) -> Evaluate:
    return evaluation(tmp_path)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_an_upgrade_updates_the_instance_and_replaces_its_parameter_group(stack: Evaluate, name: str) -> None:
    changed = differences(stack(name), stack(name, databaseVersion="18", databaseUpgrade=True))

    # None of these makes RDS or the provider replace the instance.
    assert changed == {
        f"{INSTANCE} database": {
            "allowMajorVersionUpgrade",
            "applyImmediately",
            "engineVersion",
            "parameterGroupName",
        },
        f"{GROUP} database": {"family", "name"},
    }


def test_the_new_parameter_group_is_there_before_the_instance_and_the_old_one_goes_after_it(stack: Evaluate) -> None:
    before, after = stack("prod"), stack("prod", databaseVersion="18", databaseUpgrade=True)
    old, new = of_type(before, GROUP)["database"], of_type(after, GROUP)["database"]

    # Both stand at once: they have different names, and the provider is told not to delete the old one first.
    assert (old.inputs["name"], new.inputs["name"]) == ("prod-orders-17", "prod-orders-18")
    assert (old.inputs["family"], new.inputs["family"]) == ("postgres17", "postgres18")
    assert new.delete_before_replace is False
    assert of_type(after, INSTANCE)["database"].inputs["parameterGroupName"] == new.inputs["name"]


def test_the_switch_is_taken_back_without_another_change(stack: Evaluate) -> None:
    upgraded = stack("prod", databaseVersion="18", databaseUpgrade=True)
    changed = differences(upgraded, stack("prod", databaseVersion="18"))

    assert changed == {f"{INSTANCE} database": {"allowMajorVersionUpgrade", "applyImmediately"}}


def test_without_the_switch_nothing_of_the_database_is_changed_at_once_or_upgraded(stack: Evaluate) -> None:
    instance = of_type(stack("prod", databaseVersion="18"), INSTANCE)["database"].inputs

    assert "allowMajorVersionUpgrade" not in instance
    # The provider's default.
    assert instance["applyImmediately"] is False


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_policies_let_an_upgrade_pass(stack: Evaluate, name: str) -> None:
    assert reported(stack(name, databaseVersion="18", databaseUpgrade=True)) == []
