"""RDS: the source of a parameter group's parameters.

AWS: DescribeDBParameters says of each parameter whether its value is the user's or the engine's default, and `Source`
asks for the one kind. moto answers the user's parameters without a source, whatever is asked for; it knows no defaults.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html
"""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

_OF_THE_USER = "user"
_describe = RDSResponse.describe_db_parameters


def describe_db_parameters(self: RDSResponse) -> ActionResult:
    answer = _describe(self)
    asked_for = self.params.get("Source") or _OF_THE_USER
    of_the_user = answer.result["Parameters"]  # type: ignore[index]
    parameters = [{**each, "Source": _OF_THE_USER} for each in of_the_user] if asked_for == _OF_THE_USER else []
    return ActionResult({"Parameters": parameters})


def fill() -> None:
    RDSResponse.describe_db_parameters = describe_db_parameters  # type: ignore[method-assign]
