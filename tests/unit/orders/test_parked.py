"""Which trace a parked message belongs to, also when its headers hold nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from orders.console.parked import trace_id_of

TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"


def test_the_trace_is_read_from_the_headers_bytes() -> None:
    assert trace_id_of({"headers": {"traceparent": {"bytes": list(TRACEPARENT.encode())}}}) == "a" * 32


@pytest.mark.parametrize("value", [{"bytes": 10**12}, {"bytes": [-1]}, {"bytes": ["0"]}, {"bytes": None}, [], 1, None])
def test_a_trace_header_of_another_kind_is_none(value: Any) -> None:
    assert trace_id_of({"headers": {"traceparent": value}}) is None
