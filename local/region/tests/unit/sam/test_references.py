"""What stands in the template and in env.json for what the plan only refers to."""

import pytest

from localregion.sam import references


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("INFO", "INFO"),
        ("${database.host}", {"Ref": "DatabaseHost"}),
        ("${broker.management_url}", {"Ref": "BrokerManagementUrl"}),
        ("${broker.endpoint}/%2F", {"Fn::Sub": "${BrokerEndpoint}/%2F"}),
    ],
)
def test_an_address_is_a_parameter_and_everything_else_is_itself(value: str, expected: object) -> None:
    assert references.as_intrinsic(value) == expected


def test_a_secret_goes_by_its_name_wherever_its_account_is() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:dev-broker/admin"
    assert references.named({"BROKER_ADMIN_SECRET_ID": arn, "LOG_LEVEL": "INFO"}) == {
        "BROKER_ADMIN_SECRET_ID": "dev-broker/admin",
        "LOG_LEVEL": "INFO",
    }


def test_this_machine_has_another_name_inside_a_container() -> None:
    values = {"database.host": "127.0.0.1", "database.port": "1", "broker.endpoint": "amqp://127.0.0.1:2"}
    assert references.seen_from_container(values, loopback="127.0.0.1", host="here") == {
        "database.host": "here",
        "database.port": "1",
        "broker.endpoint": "amqp://here:2",
    }


def test_an_address_that_nobody_gave_is_an_error_and_not_an_empty_variable() -> None:
    with pytest.raises(KeyError):
        references.filled("${database.host}", {})
