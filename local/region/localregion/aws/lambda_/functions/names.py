"""Pure: the ways in which a caller may name a function.

A name, a partial ARN (`000000000000:function:name`, `function:name`) or an ARN, each with an optional `:qualifier`:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-FunctionName
"""

from __future__ import annotations

import re

from localregion.aws.http.errors import invalid_parameter_value

_FUNCTION_NAME = re.compile(
    r"(?:arn:aws[\w-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)


def parse_function_name(text: str, qualifier: str | None = None) -> tuple[str, str | None]:
    """Return name and qualifier. Raises LambdaApiError for neither name nor ARN and for two different qualifiers."""
    match = _FUNCTION_NAME.fullmatch(text)
    if match is None:
        raise invalid_parameter_value(f"Value '{text}' at 'functionName' is neither a function's name nor its ARN")
    derived: str | None = match["qualifier"]
    if derived and qualifier and derived != qualifier:
        raise invalid_parameter_value(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return match["name"], qualifier or derived
