"""The type of Kong's own errors, by what the client accepts (`kong.tools.http` and `kong.error_handlers` of 3.9.3)."""

from __future__ import annotations

import json

import pytest

from localregion.kong.request.errors import error_response, nginx_error
from localregion.kong.request.exchange import Exchange


async def _no_body() -> bytes:
    return b""


def _exchange(*headers: tuple[str, str]) -> Exchange:
    return Exchange(
        method="GET",
        target="/",
        http_version=(1, 1),
        headers=[("host", "a"), *headers],
        peer="127.0.0.1",
        read_body=_no_body,
    )


@pytest.mark.parametrize(
    ("accept", "mime_type"),
    [
        ("*/*", "application/json"),
        ("text/html", "text/html"),
        ("text/plain;q=0.5, application/xml", "application/xml"),
        ("application/xml;q=0.5,text/html;q=0.5", "application/xml"),
        ("text/*", "text/plain"),
        ("text/*;q=0.9, application/xml;q=0.8", "text/plain"),
        ("application/*", "application/json"),
        ("image/png", "application/json"),
        ("image/png, text/html;q=0.9", "application/json"),
        ("text/html;q=0", "application/json"),
        ("text/html;q=0.9;level=1, text/plain;q=0.8", "text/html"),
        ("Text/HTML", "application/json"),
        ("nonsense", "application/json"),
        ("", "application/json"),
    ],
)
def test_the_type_is_the_best_that_kong_has_a_template_for(accept: str, mime_type: str) -> None:
    response = error_response(_exchange(("accept", accept)), 404, "none")
    assert ("Content-Type", f"{mime_type}; charset=utf-8") in response.headers


def test_several_lines_of_accept_are_one() -> None:
    response = error_response(_exchange(("accept", "text/html;q=0.5"), ("accept", "text/plain")), 404, "none")
    assert response.headers == [("Content-Type", "text/plain; charset=utf-8")]


def test_a_client_of_grpc_gets_an_empty_body_without_a_type() -> None:
    response = error_response(_exchange(("accept", "application/grpc")), 404, "none", headers=(("X", "1"),))
    assert (response.status, response.headers, response.body) == (404, [("X", "1")], b"")


@pytest.mark.parametrize(
    ("headers", "mime_type"),
    [
        ([], "text/plain"),
        ([("accept", "application/json")], "application/json"),
        ([("content-type", "text/html")], "text/html"),
        ([("accept", "text/plain"), ("content-type", "text/html")], "text/plain"),
    ],
)
def test_what_nginx_refuses_is_plain_text_unless_the_client_says_otherwise(
    headers: list[tuple[str, str]], mime_type: str
) -> None:
    response = nginx_error(_exchange(*headers), 400, "Bad request")
    assert response.headers == [("Content-Type", f"{mime_type}; charset=utf-8")]
    assert response.closes


def test_what_nginx_refuses_of_grpc_is_json() -> None:
    response = nginx_error(_exchange(("accept", "application/grpc+proto")), 400, "Bad request")
    assert json.loads(response.body) == {"message": "Bad request"}


@pytest.mark.parametrize(("status", "reason"), [(501, "Not Implemented"), (505, "HTTP Version Not Supported")])
def test_what_kong_has_no_page_for_is_nginxs_own(status: int, reason: str) -> None:
    response = nginx_error(_exchange(("accept", "application/json")), status, reason)
    assert response.headers == [("Content-Type", "text/html")]
    assert f"<h1>{status} {reason}</h1>".encode() in response.body
