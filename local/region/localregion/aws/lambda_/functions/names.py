"""Pure: the ways in which a caller may name a function.

A name, a partial ARN (`000000000000:function:name`, `function:name`) or an ARN, each with an optional `:qualifier`:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-FunctionName
"""

from __future__ import annotations

import re
from typing import Protocol

from localregion.aws.http.errors import access_denied, invalid_parameter_value, not_found
from localregion.plan.model import Function

LATEST = "$LATEST"
PUBLISHED = "1"
FUNCTION_NAME = re.compile(
    r"(?:arn:aws[a-zA-Z0-9-]*:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?",
    re.ASCII,
)


def parse_function_name(text: str, qualifier: str | None = None) -> tuple[str, str | None]:
    """Return name and qualifier. Raises LambdaApiError for neither name nor ARN and for two different qualifiers."""
    match = FUNCTION_NAME.fullmatch(text)
    if match is None:
        raise invalid_parameter_value(f"Value '{text}' at 'functionName' is neither a function's name nor its ARN")
    derived: str | None = match["qualifier"]
    if derived and qualifier and derived != qualifier:
        raise invalid_parameter_value(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return match["name"], qualifier or derived


class Place(Protocol):
    """Where functions are; a plan is such a place."""

    @property
    def region(self) -> str: ...
    @property
    def account(self) -> str: ...


def check_place(text: str, place: Place) -> None:
    """Raise LambdaApiError for a function of another region or another account, by the ARN that names it.

    No function here has a policy that lets another account in, nor does theirs let this one.
    """
    match = FUNCTION_NAME.fullmatch(text)
    if match is None:
        return
    if match["region"] not in (None, place.region):
        raise not_found(
            f"Functions from '{match['region']}' are not reachable in this region ('{place.region}')",
        )
    if match["account"] not in (None, place.account):
        raise access_denied(f"The account {place.account} is not authorized to use the function {text}")


def has_qualifier(function: Function, qualifier: str | None) -> bool:
    """Whether a function has this version or alias; without one it is `$LATEST`."""
    return qualifier in (None, LATEST, PUBLISHED, *function.aliases)
