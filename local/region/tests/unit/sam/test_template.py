"""What functions are called in a template."""

from types import SimpleNamespace
from typing import Any

import pytest

from localregion.sam.template import logical_id


@pytest.mark.parametrize(
    ("name", "package", "expected"),
    [
        ("dev-send_mail", "send_mail", "SendMail"),
        ("send_mail", "send_mail", "SendMail"),
        ("dev-send_letter", "send_mail", "SendLetter"),
        ("send_letter", "send_mail", "SendLetter"),
    ],
)
def test_functions_of_one_package_have_an_id_each(name: str, package: str, expected: str) -> None:
    function: Any = SimpleNamespace(name=name, handler=f"{package}.handler.lambda_handler")
    assert logical_id(function) == expected
