"""The spans of one request as Kong's zipkin plugin makes them, in Zipkin's JSON format, version 2.

Two of them: the request (SERVER, a child of the client's span), and what the gateway does with it (CLIENT, named
`POST (proxy)`, the parent of the function's). Kong's third, a balancer's attempt, exists for proxied services only.
Annotations are Kong's: start and finish of its phases (`krs`, `krf` rewrite; `kas`, `kaf` access; `khs`, `khf` header
filter; `kbs`, `kbf` body filter). Queries, headers and bodies are in none of them.
Format: https://zipkin.io/zipkin-api/, tags: https://docs.konghq.com/hub/kong-inc/zipkin/
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.path import normalize
from localregion.kong.tracing.span_queue import Span

_TAG = re.compile(r"\s*(\S+)\s*=\s*(.*\S)\s*", re.DOTALL)


@dataclass(slots=True)
class RequestTrace:
    """What the plugin keeps of one request; times are those of the clock of `Exchange.started_ns`."""

    trace_id: str
    request_span_id: str
    proxy_span_id: str
    parent_id: str | None
    is_sampled: bool
    accessed_ns: int
    answered_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class SpanSettings:
    """The plugin's fields that say what is in a span."""

    local_service_name: str
    default_service_name: str | None
    span_name: str
    include_credential: bool
    static_tags: dict[str, str]
    tags_header: str
    phase_duration_flavor: str
    node_id: str


def build_spans(exchange: Exchange, response: Response, trace: RequestTrace, settings: SpanSettings) -> list[Span]:
    """Return the request's spans, which end now."""
    ended_ns = time.perf_counter_ns()
    # The clock that durations are measured with has no date.
    epoch_ns = time.time_ns() - ended_ns
    path = normalize(exchange.path)
    name = exchange.method if settings.span_name == "method" else f"{exchange.method} {path}"
    common = {"traceId": trace.trace_id, "localEndpoint": {"serviceName": settings.local_service_name}}
    proxy = common | {
        "id": trace.proxy_span_id,
        "parentId": trace.request_span_id,
        "name": f"{name} (proxy)",
        "kind": "CLIENT",
        **_times(trace.accessed_ns, ended_ns, epoch_ns),
        "remoteEndpoint": _service(exchange, settings),
        "tags": _proxy_tags(exchange),
    }
    request = common | {
        "id": trace.request_span_id,
        "name": name,
        "kind": "SERVER",
        **_times(exchange.started_ns, ended_ns, epoch_ns),
        "remoteEndpoint": _client(exchange, settings),
        "tags": _request_tags(exchange, response, path, settings),
    }
    if trace.parent_id is not None:
        request["parentId"] = trace.parent_id
    _add_phases(exchange, trace, request, proxy, (ended_ns, epoch_ns, settings.phase_duration_flavor))
    return [proxy, request]


def _times(started_ns: int, ended_ns: int, epoch_ns: int) -> Span:
    # Zipkin's unit is the microsecond, and a duration is at least one.
    return {"timestamp": (started_ns + epoch_ns) // 1000, "duration": max(1, (ended_ns - started_ns) // 1000)}


def _add_phases(
    exchange: Exchange, trace: RequestTrace, request: Span, proxy: Span, ended: tuple[int, int, str]
) -> None:
    """Add when Kong's phases began and ended, or, when so configured, how long they took."""
    ended_ns, epoch_ns, flavor = ended
    if flavor == "tags":
        request["tags"]["kong.rewrite.duration_ms"] = _ms(exchange.started_ns, trace.accessed_ns)
        proxy["tags"]["kong.access.duration_ms"] = _ms(trace.accessed_ns, trace.answered_ns)
        proxy["tags"]["kong.header_filter.duration_ms"] = _ms(trace.answered_ns, ended_ns)
        proxy["tags"]["kong.body_filter.duration_ms"] = "0"
        return
    started, accessed, answered, ended_us = (
        (moment_ns + epoch_ns) // 1000
        for moment_ns in (exchange.started_ns, trace.accessed_ns, trace.answered_ns, ended_ns)
    )
    request["annotations"] = [{"value": "krs", "timestamp": started}, {"value": "krf", "timestamp": accessed}]
    proxy["annotations"] = [
        {"value": "kas", "timestamp": accessed},
        {"value": "kaf", "timestamp": answered},
        {"value": "khs", "timestamp": answered},
        {"value": "khf", "timestamp": ended_us},
        {"value": "kbs", "timestamp": ended_us},
        {"value": "kbf", "timestamp": ended_us},
    ]


def _ms(started_ns: int, ended_ns: int) -> str:
    return str((ended_ns - started_ns) // 1_000_000)


def _request_tags(exchange: Exchange, response: Response, path: str, settings: SpanSettings) -> dict[str, str]:
    tags = {
        "lc": "kong",
        "http.method": exchange.method,
        "http.host": exchange.host,
        "http.path": path,
        **({"http.protocol": exchange.protocol} if exchange.protocol else {}),
        **settings.static_tags,
        **_client_tags(exchange.header_values(settings.tags_header)),
        "http.status_code": str(response.status),
        "kong.node.id": settings.node_id,
    }
    if exchange.consumer is not None:
        tags["kong.consumer"] = exchange.consumer.id
    if settings.include_credential and exchange.credential is not None:
        tags["kong.credential"] = exchange.credential.id
    return tags


def _client_tags(values: list[str]) -> dict[str, str]:
    """Read `Zipkin-Tags: name=value; …`; what is no tag is left out."""
    found = (_TAG.fullmatch(item) for value in values for item in value.split(";"))
    return {tag[1]: tag[2] for tag in found if tag is not None}


def _proxy_tags(exchange: Exchange) -> dict[str, str]:
    route = exchange.route
    if route is None:
        return {}
    tags = {"kong.route": route.id, "kong.route_name": route.name}
    if route.service is not None:
        tags |= {"kong.service": route.service.id, "kong.service_name": route.service.name}
    return {name: as_bytes(value) for name, value in tags.items() if value is not None}


def as_bytes(text: str) -> str:
    """Return a text of the configuration as a request's are: one character per byte."""
    return text.encode().decode("latin-1")


def _service(exchange: Exchange, settings: SpanSettings) -> dict[str, Any] | None:
    route = exchange.route
    named = route.service.name if route and route.service else None
    name = as_bytes(named) if named else settings.default_service_name
    return {"serviceName": name} if name else None


def _client(exchange: Exchange, settings: SpanSettings) -> dict[str, Any]:
    address = "ipv6" if ":" in exchange.peer else "ipv4"
    endpoint: dict[str, Any] = {address: exchange.peer, "port": exchange.peer_port}
    if settings.default_service_name:
        endpoint["serviceName"] = settings.default_service_name
    return endpoint
