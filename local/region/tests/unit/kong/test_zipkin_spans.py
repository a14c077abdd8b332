"""What is in the two spans of a request; their shape and their ids are those of the recordings."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from unit.kong.recordings import PLAIN_LAMBDA, Case, own
from unit.kong.replay import ScriptedInvokeClient, exchange_of

from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway, with_spans_endpoint
from localregion.kong.lambda_.response import InvokeAnswer
from localregion.kong.plugin_chain import log
from localregion.kong.tracing.span_queue import SpanQueue

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT = ["traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"]
W3C = {"extract": ["w3c"], "inject": ["w3c"], "default_format": "w3c"}
KEY = {"name": "key-auth", "config": {}}
RECORDED = [
    case
    for case in own("tracing")["cases"]
    if case["name"].startswith(("default_l-zipkin-w3c", "tracing_on_l-zipkin-w3c"))
]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The spans that reach the queue."""
    spans: list[dict[str, Any]] = []
    monkeypatch.setattr(SpanQueue, "put", lambda _queue, more: spans.extend(map(json.loads, more)))
    return spans


def ask(*headers: list[str], target: str = "/orders/1?secret=1", answer: int = 200, **config: Any) -> dict[str, Any]:
    """Send one request through a gateway with the plugin; return the event that the function got, {} for none."""
    plugin = {"name": "zipkin", "config": {"sample_ratio": 1, "propagation": W3C} | config}
    route = {"name": "r", "paths": ["/orders"], "strip_path": False, "plugins": [KEY, PLAIN_LAMBDA]}
    consumers = [{"username": "demo", "custom_id": "demo", "keyauth_credentials": [{"key": "very-secret"}]}]
    read = {"_format_version": "3.0", "plugins": [plugin], "routes": [route], "consumers": consumers}
    payload = json.dumps({"statusCode": answer, "body": ""}).encode()
    client = ScriptedInvokeClient(InvokeAnswer(200, [("Content-Type", "application/json")], payload))
    configuration = with_spans_endpoint(parse(read), "http://127.0.0.1:9411/api/v2/spans")
    gateway = Gateway(configuration, client)  # type: ignore[arg-type]
    sent = [["Host", "Orders.test:8000"], ["apikey", "very-secret"], *headers]
    case: Case = {"client_request": {"method": "POST", "target": target, "headers": sent}}

    async def answered() -> None:
        exchange = exchange_of(case)
        log(exchange, await gateway.handle(exchange))

    asyncio.run(answered())
    return json.loads(client.calls[0][1]) if client.calls else {}


@pytest.mark.parametrize("case", RECORDED, ids=[case["name"] for case in RECORDED])
def test_names_kinds_and_parents_are_the_recorded_ones(sent: list[dict[str, Any]], case: Case) -> None:
    headers = [header for header in case["client_request"]["headers"] if header[0].startswith("trace")]
    event = ask(*headers)

    assert len(case["exported_spans"]) == len(sent) == 2
    for span, recorded in zip(sent, case["exported_spans"], strict=True):
        assert span["name"] == recorded["name"].replace("GET", "POST")
        assert span["kind"] == recorded["kind"]
    proxy, request = sent
    recorded_parent = case["exported_spans"][1]["parent_span_id"]
    assert request.get("parentId") == recorded_parent
    assert proxy["parentId"] == request["id"]
    assert event["headers"]["traceparent"] == f"00-{proxy['traceId']}-{proxy['id']}-01"
    assert (request["traceId"] == TRACE) == (recorded_parent is not None)


def test_the_request_is_described_without_its_query_key_and_body(sent: list[dict[str, Any]]) -> None:
    ask(CLIENT, answer=503, include_credential=False)
    proxy, request = sent
    tags = request["tags"]
    consumer, node = tags.pop("kong.consumer"), tags.pop("kong.node.id")
    assert len(consumer) == len(node) == 36
    assert tags == {
        "lc": "kong",
        "http.method": "POST",
        "http.host": "orders.test",
        "http.path": "/orders/1",
        "http.protocol": "HTTP/1.1",
        "http.status_code": "503",
    }
    assert request["localEndpoint"] == proxy["localEndpoint"] == {"serviceName": "kong"}
    assert request["remoteEndpoint"] == {"ipv4": "127.0.0.1", "port": 0}
    assert proxy["remoteEndpoint"] is None
    assert proxy["tags"].pop("kong.route_name") == "r"
    assert list(proxy["tags"]) == ["kong.route"]
    assert "secret" not in json.dumps(sent)


def test_times_are_microseconds_and_the_proxys_lie_within_the_requests(sent: list[dict[str, Any]]) -> None:
    ask()
    proxy, request = sent
    # Since 2020, in microseconds.
    assert request["timestamp"] > 1_577_836_800_000_000
    assert request["timestamp"] <= proxy["timestamp"]
    assert proxy["timestamp"] + proxy["duration"] <= request["timestamp"] + request["duration"] + 1
    assert [entry["value"] for entry in request["annotations"]] == ["krs", "krf"]
    assert [entry["value"] for entry in proxy["annotations"]] == ["kas", "kaf", "khs", "khf", "kbs", "kbf"]
    times = [entry["timestamp"] for entry in proxy["annotations"]]
    assert times == sorted(times)


def test_phases_become_tags_when_so_configured(sent: list[dict[str, Any]]) -> None:
    ask(phase_duration_flavor="tags")
    proxy, request = sent
    assert "annotations" not in proxy
    assert "kong.rewrite.duration_ms" in request["tags"]
    phases = {f"kong.{phase}.duration_ms" for phase in ("access", "header_filter", "body_filter")}
    assert phases <= set(proxy["tags"])


def test_tags_come_from_the_configuration_and_from_the_clients_header(sent: list[dict[str, Any]]) -> None:
    ask(
        ["Zipkin-Tags", "a=1; b = two words ;nonsense"],
        ["Zipkin-Tags", "c=3"],
        static_tags=[{"name": "team", "value": "orders"}],
        http_span_name="method_path",
        default_service_name="orders",
        local_service_name="front",
    )
    proxy, request = sent
    assert {name: request["tags"].get(name) for name in ("a", "b", "c", "team", "nonsense")} == {
        "a": "1",
        "b": "two words",
        "c": "3",
        "team": "orders",
        "nonsense": None,
    }
    assert (request["name"], proxy["name"]) == ("POST /orders/1", "POST /orders/1 (proxy)")
    assert request["localEndpoint"] == {"serviceName": "front"}
    assert proxy["remoteEndpoint"] == {"serviceName": "orders"}


@pytest.mark.parametrize(
    ("headers", "ratio", "spans"),
    [([["traceparent", CLIENT[1][:-1] + "0"]], 1, 0), ([CLIENT], 0, 2), ([], 0, 0), ([], 1, 2)],
    ids=["client says no", "client says yes", "nobody asked", "everybody"],
)
def test_who_is_sampled_is_decided_by_the_client_and_then_by_the_ratio(
    sent: list[dict[str, Any]], headers: list[list[str]], ratio: float, spans: int
) -> None:
    event = ask(*headers, sample_ratio=ratio)
    assert len(sent) == spans
    assert event["headers"]["traceparent"].endswith("-01" if spans else "-00")


def test_a_request_without_a_route_and_one_that_is_refused_have_spans(sent: list[dict[str, Any]]) -> None:
    ask(CLIENT, target="/nowhere")
    assert ask(["apikey", "second"]) == {}
    statuses = [span["tags"]["http.status_code"] for span in sent if span["kind"] == "SERVER"]
    assert statuses == ["404", "401"]
    assert sent[0]["tags"] == {}
    assert sent[0]["traceId"] == TRACE


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"http_endpoint": "https://a.test/api"}, "in 'http_endpoint': https is not supported by the embedded gateway"),
        ({"http_endpoint": "nonsense"}, "in 'http_endpoint': missing host in url"),
        ({"queue": {"concurrency_limit": -1}}, "in 'concurrency_limit': only 1 is supported"),
        ({"queue": {"max_bytes": 1000}}, "in 'max_bytes': not supported"),
    ],
)
def test_what_the_queue_cannot_do_is_refused(config: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        ask(**config)


def test_an_endpoint_of_the_command_line_is_checked_like_the_plugins() -> None:
    plugin = {"name": "zipkin", "config": {"propagation": W3C}}
    configuration = with_spans_endpoint(parse({"_format_version": "3.0", "plugins": [plugin]}), "https://a.test")
    with pytest.raises(ConfigurationError, match="http_endpoint: https is not supported"):
        Gateway(configuration, None)  # type: ignore[arg-type]
