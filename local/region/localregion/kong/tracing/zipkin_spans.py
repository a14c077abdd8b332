"""The spans of one request as Kong's zipkin plugin makes them, in Zipkin's JSON format, version 2.

Two of them: the request (SERVER, a child of the client's span), and what the gateway does with it (CLIENT, named
`POST (proxy)`, the parent of the function's). Kong's third, a balancer's attempt, exists for proxied services only.
Annotations are Kong's: start and finish of its phases (`krs`, `krf` rewrite; `kas`, `kaf` access; `khs`, `khf` header
filter; `kbs`, `kbf` body filter). Queries, headers and bodies are in none of them.
Format: https://zipkin.io/zipkin-api/, tags: https://docs.konghq.com/hub/kong-inc/zipkin/
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from json.encoder import encode_basestring as _quoted
from typing import Any

from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.path import normalize
from localregion.kong.tracing.span_queue import Span

# Text holds one character per byte: as in Kong, the bytes are the request's, valid UTF-8 or not.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
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


class SpanWriter:
    """Writes the spans of one configuration as JSON: most of a span is the same for each request, or for each route."""

    def __init__(self, settings: SpanSettings) -> None:
        self._settings = settings
        self._local_endpoint = _encode({"serviceName": settings.local_service_name})
        self._of_routes: dict[str | None, tuple[dict[str, str], str, str]] = {}

    def spans(self, exchange: Exchange, response: Response, trace: RequestTrace) -> list[Span]:
        """Return the request's spans, which end now."""
        ended_ns = time.perf_counter_ns()
        # The clock that durations are measured with has no date.
        epoch_ns = time.time_ns() - ended_ns
        path = normalize(exchange.path)
        name = exchange.method if self._settings.span_name == "method" else f"{exchange.method} {path}"
        begins = f'{{"traceId":"{trace.trace_id}","localEndpoint":{self._local_endpoint},"id":"'
        request_tags = _request_tags(exchange, response, path, self._settings)
        proxy_tags, proxy_tags_text, service = self._of_route(exchange)
        request_phases = proxy_phases = ""
        if self._settings.phase_duration_flavor == "tags":
            request_tags["kong.rewrite.duration_ms"] = _ms(exchange.started_ns, trace.accessed_ns)
            proxy_tags_text = _encode(proxy_tags | _proxy_phase_tags(trace, ended_ns))
        else:
            request_phases, proxy_phases = _annotations(exchange, trace, ended_ns, epoch_ns)
        parent = f',"parentId":"{trace.parent_id}"' if trace.parent_id is not None else ""
        return [
            f'{begins}{trace.proxy_span_id}","parentId":"{trace.request_span_id}","name":{_quoted(f"{name} (proxy)")},'
            f'"kind":"CLIENT",{_times(trace.accessed_ns, ended_ns, epoch_ns)},"remoteEndpoint":{service},'
            f'"tags":{proxy_tags_text}{proxy_phases}}}',
            f'{begins}{trace.request_span_id}","name":{_quoted(name)},'
            f'"kind":"SERVER",{_times(exchange.started_ns, ended_ns, epoch_ns)},'
            f'"remoteEndpoint":{self._client(exchange)},"tags":{_encode(request_tags)}{parent}{request_phases}}}',
        ]

    def _of_route(self, exchange: Exchange) -> tuple[dict[str, str], str, str]:
        """Return the tags of the proxy's span, also as text, and the text of its remote endpoint."""
        route = exchange.route
        key = route.id if route is not None else None
        if key not in self._of_routes:
            tags = _proxy_tags(exchange)
            self._of_routes[key] = tags, _encode(tags), _encode(_service(exchange, self._settings))
        return self._of_routes[key]

    def _client(self, exchange: Exchange) -> str:
        address = "ipv6" if ":" in exchange.peer else "ipv4"
        named = self._settings.default_service_name
        name = f',"serviceName":{_quoted(named)}' if named else ""
        return f'{{"{address}":{_quoted(exchange.peer)},"port":{exchange.peer_port}{name}}}'


def _times(started_ns: int, ended_ns: int, epoch_ns: int) -> str:
    # Zipkin's unit is the microsecond, and a duration is at least one.
    return f'"timestamp":{(started_ns + epoch_ns) // 1000},"duration":{max(1, (ended_ns - started_ns) // 1000)}'


def _annotations(exchange: Exchange, trace: RequestTrace, ended_ns: int, epoch_ns: int) -> tuple[str, str]:
    """Return when Kong's phases began and ended: those of the request, and those of what the gateway does with it."""
    started, accessed, answered, ended = (
        (moment_ns + epoch_ns) // 1000
        for moment_ns in (exchange.started_ns, trace.accessed_ns, trace.answered_ns, ended_ns)
    )
    request = f'{{"value":"krs","timestamp":{started}}},{{"value":"krf","timestamp":{accessed}}}'
    proxy = (
        f'{{"value":"kas","timestamp":{accessed}}},{{"value":"kaf","timestamp":{answered}}},'
        f'{{"value":"khs","timestamp":{answered}}},{{"value":"khf","timestamp":{ended}}},'
        f'{{"value":"kbs","timestamp":{ended}}},{{"value":"kbf","timestamp":{ended}}}'
    )
    return f',"annotations":[{request}]', f',"annotations":[{proxy}]'


def _proxy_phase_tags(trace: RequestTrace, ended_ns: int) -> dict[str, str]:
    """Return how long the phases took, which stands in place of when they were if so configured."""
    return {
        "kong.access.duration_ms": _ms(trace.accessed_ns, trace.answered_ns),
        "kong.header_filter.duration_ms": _ms(trace.answered_ns, ended_ns),
        "kong.body_filter.duration_ms": "0",
    }


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
