"""What a project's extension adds to the console: routes, figures, page files, and what its traces are about."""

from __future__ import annotations

import json

from integration.console.console_process import RunningConsole, wait_until
from unit.console.spans import OTHER, TRACE, attribute, export, link, otlp_span

from localregion.testing.services import RunningPostgres


def test_a_trace_says_what_it_is_about_and_the_projects_routes_find_it_by_that(extended: RunningConsole) -> None:
    made = otlp_span(1, attributes=[attribute("thing.id", "t-1")])
    mentioned = otlp_span(2, traceId=OTHER, attributes=[attribute("thing.id", "t-1")])
    extended.client.post("/v1/traces", json=export(made, service="make_thing"))
    extended.client.post("/v1/traces", json=export(mentioned, service="get_thing"))
    assert extended.get(f"/api/traces/{TRACE}")["thingId"] == "t-1"
    listed = {one["traceId"]: one["thingId"] for one in extended.get("/api/traces")["traces"]}
    assert (listed[TRACE], listed[OTHER]) == ("t-1", None)
    assert extended.get("/api/things/t-1") == {"thingId": "t-1", "traceId": TRACE}


def test_a_traces_lines_are_without_those_about_other_things(extended: RunningConsole) -> None:
    batch = otlp_span(3, traceId=OTHER, links=[link(TRACE, 1)])
    extended.client.post(
        "/v1/traces", json=export(otlp_span(1, attributes=[attribute("thing.id", "t-1")]), service="make_thing")
    )
    extended.client.post("/v1/traces", json=export(batch, service="take_things"))
    lines = [
        {"level": "INFO", "message": message, "trace_id": OTHER, **fields}
        for message, fields in {"batch": {}, "mine": {"thing_id": "t-1"}, "yours": {"thing_id": "t-2"}}.items()
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (extended.folder.function_logs / "take_things.log").write_text(text)
    assert [line["message"] for line in extended.get(f"/api/traces/{TRACE}")["logs"]] == ["batch", "mine"]


def test_the_projects_figures_are_the_overviews_and_null_while_the_database_is_silent(
    extended: RunningConsole, postgres: RunningPostgres
) -> None:
    assert extended.get("/api/overview")["things"] == 42
    postgres.freeze()
    try:
        overview = extended.get("/api/overview")
    finally:
        postgres.thaw()
    assert (overview["things"], overview["parts"]["postgres"]["state"]) == (None, "down")
    wait_until(lambda: extended.get("/api/overview")["things"] == 42)


def test_the_projects_page_files_stand_beside_the_platforms_and_in_front_of_their_namesakes(
    extended: RunningConsole,
) -> None:
    assert extended.client.get("/extension.js").text == 'export default { name: "things" };\n'
    assert extended.client.get("/things.js").text == "export const things = [];\n"
    assert "polling" in extended.client.get("/console.js").text
    assert extended.client.get("/extension.css").headers["Content-Type"] == "text/css; charset=utf-8"
    assert extended.client.get("/extension_of_things.py").status_code == 404
