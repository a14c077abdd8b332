"""Kong's routes have no `methods`, so every method reaches its function, which says which ones it knows."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.functions.http_events import cancel, get, post_order

OTHERS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "get", "X-1", "")


@pytest.mark.parametrize("method", [*OTHERS, "GET", "HEAD"])
def test_create_order_knows_post(empty: Any, invoke: Any, method: str) -> None:
    answer = invoke("create_order", post_order(method=method))

    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD, POST")
    assert empty.count("orders.orders") == 0


@pytest.mark.parametrize("method", [*OTHERS, "GET", "HEAD"])
def test_cancel_order_knows_post(empty: Any, invoke: Any, method: str) -> None:
    answer = invoke("cancel_order", cancel("0197f0c4-0000-7000-8000-000000000000", method=method))

    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/orders/0197f0c4-0000-7000-8000-000000000000", "/health", "/openapi.json"])
@pytest.mark.parametrize("method", [*OTHERS, "POST"])
def test_get_order_knows_get_and_head(empty: Any, invoke: Any, method: str, path: str) -> None:
    answer = invoke("get_order", get(path, method=method))

    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD")
