"""Names keep AWS's spelling, and those that the server acts on are still known to it."""

from __future__ import annotations

import pytest

from localregion.aws.http.header_names import header_name


@pytest.mark.parametrize(
    "name", ["x-amzn-RequestId", "X-Amz-Function-Error", "Content-Type", "Content-Length", "Connection"]
)
def test_a_name_is_written_as_it_is_spelt(name: str) -> None:
    assert b"".join([header_name(name).lower()]) == name.encode()


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Connection"])
def test_what_the_server_acts_on_equals_its_lower_case(name: str) -> None:
    assert header_name(name) == name.lower().encode()
    assert hash(header_name(name)) == hash(name.lower().encode())
