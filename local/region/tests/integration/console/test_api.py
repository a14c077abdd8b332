"""The console of a project without extension: functions, queues, the overview; a part that is down is a state."""

from __future__ import annotations

import pytest
from integration.console.console_process import RunningConsole, wait_until

from localregion.testing.services import RunningPostgres


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", "", "9" * 40])
def test_a_limit_is_a_number(console: RunningConsole, limit: str) -> None:
    assert console.client.get(f"/api/traces?limit={limit}").status_code == 400


def test_functions_are_the_plans_with_the_emulators_figures(console: RunningConsole) -> None:
    (console.folder.function_logs / "make_thing.log").write_text("START RequestId: r-1\n")
    answer = console.get("/api/functions")
    assert answer == {
        "state": "up",
        "functions": [
            {
                "name": "make_thing",
                "state": "Active",
                "handler": "make_thing.handler.lambda_handler",
                "memoryMb": 512,
                "timeoutSeconds": 10,
                "environments": {"warm": 2, "busy": 2, "starting": 1},
                "invocations": 7,
                "coldStarts": 2,
                "errors": 1,
                "lastInvocations": [
                    {"requestId": "r-1", "start": 1.0, "duration": 12.5, "memoryMb": 80, "initMs": None, "error": None}
                ],
                "logs": ["START RequestId: r-1"],
            }
        ],
    }


def test_queues_have_their_depth_and_their_mapping(console: RunningConsole) -> None:
    (queue,) = console.get("/api/queues")["queues"]
    mapping = queue.pop("mapping")
    assert queue == {"name": "things.made", "ready": 4, "unacknowledged": 3, "consumers": 1}
    assert (mapping["state"], mapping["function"], mapping["batchSize"], mapping["inFlight"]) == (
        "Enabled",
        "take_things",
        100,
        3,
    )


def test_looking_at_the_gateway_leaves_no_trace(console: RunningConsole) -> None:
    def probes() -> list[str]:
        console.get("/api/overview")
        return [headers["traceparent"] for path, headers, _ in console.neighbours.asked if path == "/"]

    wait_until(probes)
    assert all(traceparent.endswith("-00") for traceparent in probes())


def test_the_overview_has_what_every_system_has(console: RunningConsole) -> None:
    wait_until(lambda: console.get("/api/overview")["parts"]["rabbitmq"]["state"] == "up")
    wait_until(lambda: console.get("/api/functions")["state"] == "up")
    overview = console.get("/api/overview")
    assert list(overview) == ["at", "errorsPerSecond", "gateway", "parts", "functions", "queues", "traces"]
    assert {name: part["state"] for name, part in overview["parts"].items()} == dict.fromkeys(
        ("gateway", "emulator", "postgres", "rabbitmq", "console"), "up"
    )
    assert overview["queues"][0]["ready"] == 4
    assert overview["functions"][0]["environments"] == {"warm": 2, "busy": 2, "starting": 1}


def test_a_frozen_postgres_is_a_state_and_comes_back(console: RunningConsole, postgres: RunningPostgres) -> None:
    def state() -> str:
        found: str = console.get("/api/overview")["parts"]["postgres"]["state"]
        return found

    assert state() == "up"
    postgres.freeze()
    try:
        assert state() == "down"
    finally:
        postgres.thaw()
    wait_until(lambda: state() == "up")


def test_silent_neighbours_are_states(console: RunningConsole) -> None:
    console.neighbours.answers = {("GET", "/_emulator/status"): (500, {}), ("GET", "/api/queues/%2F"): (401, {})}
    wait_until(lambda: console.get("/api/functions")["state"] == "down")
    (function,) = console.get("/api/functions")["functions"]
    assert (function["state"], function["memoryMb"], function["invocations"]) == ("down", 512, None)
    (queue,) = console.get("/api/queues")["queues"]
    assert (queue["name"], queue["ready"], queue["mapping"]["state"]) == ("things.made", None, "down")
    assert console.get("/api/queues")["detail"] == "RabbitMQ's management API answered 401"
