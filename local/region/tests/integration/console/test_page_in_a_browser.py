"""The page of a project without extension, in a real browser: traces, functions, queues, and nothing to complain of."""

from __future__ import annotations

from integration.console.console_process import RunningConsole
from tests.browser.chromium import browser_on
from unit.console.spans import TRACE, export, otlp_span


def test_a_project_without_extension_has_traces_functions_and_queues(console: RunningConsole) -> None:
    console.client.post("/v1/traces", json=export(otlp_span(1, name="GET /things"), service="get_things"))
    with browser_on(f"http://127.0.0.1:{console.port}") as page:
        page.open("#/")
        page.wait_for_text(".queues tbody tr", "things.made43")
        page.wait_for_text(".figure[data-figure=ready]", "4")
        assert page.texts("nav a") == ["Overview", "Traces", "Functions"]
        assert page.script("return document.title") == "Overview · console"
        assert page.all(".picture-frame") == []

        page.go("#/functions")
        page.wait_for_text(".card", "make_thing")
        page.go("#/traces")
        page.wait_for_text(".traces tbody tr", "GET /things")
        page.go(f"#/traces/{TRACE}")
        page.find(".span-row").click()
        page.wait_for_text(".span-details", "get_things")
        page.go("#/unknown")
        page.wait_for_text("h1", "Overview")
        assert page.complaints() == []


def test_the_page_without_extension_fits_a_phone(console: RunningConsole) -> None:
    with browser_on(f"http://127.0.0.1:{console.port}") as page:
        page.resize(360, 740, scheme="dark")
        page.open("#/")
        page.find(".queues")
        page.wait_for_polls(1)
        assert page.script("return document.documentElement.scrollWidth <= innerWidth")
