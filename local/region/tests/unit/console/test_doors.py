"""Who is let in: Host, Origin, Content-Type."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from localregion.console.http.answers import ProblemError
from localregion.console.http.doors import check

PORT = 8080


def refusal(method: str = "GET", path: str = "/api/orders", **headers: str) -> int | None:
    named = {"Host": f"127.0.0.1:{PORT}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        check(make_mocked_request(method, path, headers=named), PORT)
    except ProblemError as error:
        return error.status
    return None


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080"])
def test_the_console_answers_to_its_own_address(host: str) -> None:
    assert refusal(Host=host) is None
    assert refusal(Host=host, Origin=f"http://{host}") is None


@pytest.mark.parametrize("host", ["evil.example:8080", "127.0.0.1", "127.0.0.1:80", "localhost:8080.evil.example", ""])
def test_another_host_is_refused_for_the_page_too(host: str) -> None:
    assert refusal(Host=host) == refusal(path="/", Host=host) == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8080", "http://127.0.0.1:8000"])
def test_another_origin_is_refused(origin: str) -> None:
    assert refusal(Origin=origin) == refusal("POST", Origin=origin, Content_Type="application/json") == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_elsewhere_may_link_here_and_nothing_more(site: str) -> None:
    assert refusal(path="/", Sec_Fetch_Site=site) is None
    assert refusal(Sec_Fetch_Site=site) == 403
    assert refusal("POST", "/v1/traces", Sec_Fetch_Site=site, Content_Type="application/json") == 403


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("path", ["/api/orders", "/v1/traces", "/api/v2/spans"])
def test_what_a_form_could_send_is_refused(path: str, content_type: str) -> None:
    assert refusal("POST", path, Content_Type=content_type) == 415


def test_json_is_taken_with_its_charset() -> None:
    assert refusal("POST", Content_Type="application/json; charset=utf-8") is None


def test_a_sender_of_protobuf_is_told_what_to_set() -> None:
    headers = {"Host": "localhost:8080", "Content-Type": "application/x-protobuf"}
    with pytest.raises(ProblemError, match="OTEL_EXPORTER_OTLP_PROTOCOL=http/json"):
        check(make_mocked_request("POST", "/v1/traces", headers=headers), PORT)
