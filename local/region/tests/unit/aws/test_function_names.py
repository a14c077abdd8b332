"""The ways to name a function."""

import pytest

from localregion.aws.http.errors import LambdaApiError
from localregion.aws.lambda_.functions.names import parse_function_name

ARN = "arn:aws:lambda:us-east-1:000000000000:function:create_order"


@pytest.mark.parametrize("text", ["create_order", ARN, "000000000000:function:create_order", "function:create_order"])
def test_name_arn_and_partial_arn_mean_the_same_function(text):
    assert parse_function_name(text) == ("create_order", None)


@pytest.mark.parametrize("qualifier", ["live", "1", "$LATEST"])
def test_a_qualifier_may_follow_the_name_or_stand_beside_it(qualifier):
    assert parse_function_name(f"{ARN}:{qualifier}") == ("create_order", qualifier)
    assert parse_function_name("create_order", qualifier) == ("create_order", qualifier)
    assert parse_function_name(f"create_order:{qualifier}", qualifier) == ("create_order", qualifier)


def test_two_different_qualifiers_are_refused():
    with pytest.raises(LambdaApiError, match="does not match the specified qualifier") as refusal:
        parse_function_name("create_order:live", "1")
    assert refusal.value.status == 400


def test_what_is_no_name_is_refused():
    with pytest.raises(LambdaApiError, match="InvalidParameterValueException"):
        parse_function_name("no such/name")
