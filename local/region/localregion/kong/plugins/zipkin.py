"""zipkin: the function is told which trace it belongs to; the plugin that can, because it runs before aws-lambda.

The client's trace goes on: same trace id, the client's decision whether it is sampled, a new span of the gateway's as
the parent. Without a valid `traceparent` a trace begins here. W3C headers only: other formats are refused, and so is
what Kong does by default, which tries them all. Spans of sampled requests, also of those without a route, go to
`http_endpoint`, when there is one; a request never waits for that. Refused: `https` there, a queue by bytes or by
concurrent calls.
Protocol: https://docs.konghq.com/hub/kong-inc/zipkin/, as recorded in `tests/events/kong/tracing.json`.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import random
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import NOT_SUPPORTED, ConfigurationError, Errors, Field
from localregion.kong.http_client import Timeouts
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.tracing.span_queue import QueueSettings, SpanQueue
from localregion.kong.tracing.trace_context import TraceContext, format_traceparent, parse_traceparent
from localregion.kong.tracing.zipkin_spans import RequestTrace, SpanSettings, SpanWriter, as_bytes

NAME = "zipkin"
_EXTRACTED = ("datadog", "b3", "gcp", "jaeger", "aws", "ot", "w3c")
_INJECTED = ("preserve", "datadog", "b3", "gcp", "b3-single", "jaeger", "aws", "ot", "w3c")
_FORMATS = ("datadog", "b3", "gcp", "b3-single", "jaeger", "aws", "ot", "w3c")
_OLD_FORMATS = ("b3", "b3-single", "w3c", "jaeger", "ot", "aws", "datadog", "gcp")
_HEADER_TYPES = ("preserve", "ignore", "b3", "b3-single", "w3c", "jaeger", "ot", "aws", "datadog", "gcp")
_MS = (0, 2147483646)


def _collector(value: str) -> str | None:
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        return "could not parse url"
    if not url.hostname:
        return "missing host in url"
    if not url.scheme:
        return "missing scheme in url"
    return None if url.scheme == "http" else f"{url.scheme} is {NOT_SUPPORTED}"


_QUEUE = {
    "max_batch_size": Field(kind="integer", default=1, between=(1, 1_000_000)),
    "max_coalescing_delay": Field(kind="number", default=1, between=(0, 3600)),
    "max_entries": Field(kind="integer", default=10000, between=(1, 1_000_000)),
    "max_bytes": Field(kind="integer", refused=True),
    "max_retry_time": Field(kind="number", default=60),
    "initial_retry_delay": Field(kind="number", default=0.01, between=(0.001, 1_000_000)),
    "max_retry_delay": Field(kind="number", default=60, between=(0.001, 1_000_000)),
    "concurrency_limit": Field(kind="integer", default=1, one_of=(-1, 1), only=(1,)),
}
_PROPAGATION = {
    "extract": Field(kind="array", elements=Field(kind="string", one_of=_EXTRACTED, only=("w3c",))),
    "clear": Field(kind="array", elements=Field(kind="string")),
    "inject": Field(kind="array", elements=Field(kind="string", one_of=_INJECTED, only=("w3c",))),
    "default_format": Field(kind="string", required=True, one_of=_FORMATS),
}
FIELDS = {
    "local_service_name": Field(kind="string", default="kong"),
    "http_endpoint": Field(kind="string", check=_collector),
    "sample_ratio": Field(kind="number", default=0.001, between=(0, 1)),
    "default_service_name": Field(kind="string"),
    "include_credential": Field(kind="boolean", default=True),
    "traceid_byte_count": Field(kind="integer", default=16, one_of=(8, 16), only=(16,)),
    "header_type": Field(kind="string", default="preserve", one_of=_HEADER_TYPES, only=("preserve",)),
    "default_header_type": Field(kind="string", default="b3", one_of=_OLD_FORMATS, only=("b3", "w3c")),
    "tags_header": Field(kind="string", default="Zipkin-Tags"),
    "static_tags": Field(
        kind="array",
        elements=Field(
            kind="record",
            fields={"name": Field(kind="string", required=True), "value": Field(kind="string", required=True)},
        ),
    ),
    "http_span_name": Field(kind="string", default="method", one_of=("method", "method_path")),
    "connect_timeout": Field(kind="integer", default=2000, between=_MS),
    "send_timeout": Field(kind="integer", default=5000, between=_MS),
    "read_timeout": Field(kind="integer", default=5000, between=_MS),
    "http_response_header_for_traceid": Field(kind="string"),
    "phase_duration_flavor": Field(kind="string", default="annotations", one_of=("annotations", "tags")),
    "queue": Field(kind="record", fields=_QUEUE),
    "propagation": Field(kind="record", fields=_PROPAGATION, default={"default_format": "b3"}),
}


def _rules(config: dict[str, Any]) -> Errors:
    propagation = config["propagation"]
    if not any(propagation[name] is not None for name in ("extract", "clear", "inject")):
        # Kong's default is the format that the client uses, and B3 when it uses none.
        return {"config": {"propagation": "extract [w3c] and inject [w3c] are required by the embedded gateway"}}
    return {}


class Zipkin:
    """One configuration of the plugin."""

    def __init__(self, config: dict[str, Any], queue: SpanQueue | None) -> None:
        propagation = config["propagation"]
        self._extracts = bool(propagation["extract"])
        self._injects = bool(propagation["inject"])
        self._cleared = dict.fromkeys((name.lower() for name in propagation["clear"] or ()), None)
        self._sample_ratio = config["sample_ratio"]
        self._response_header = config["http_response_header_for_traceid"]
        self._queue = queue
        self._writer = SpanWriter(_span_settings(config))

    async def access(self, exchange: Exchange) -> None:
        trace = exchange.plugin_context[NAME] = self._begun(exchange)
        changed: dict[str, str | None] = dict(self._cleared)
        if self._injects:
            context = TraceContext(trace.trace_id, trace.proxy_span_id, trace.is_sampled)
            changed["traceparent"] = format_traceparent(context)
        if changed:
            exchange.replace_headers(changed)

    def header_filter(self, exchange: Exchange, response: Response) -> None:
        trace = self._trace(exchange)
        trace.answered_ns = time.perf_counter_ns()
        if self._response_header:
            response.set_header(self._response_header, trace.trace_id)

    def log(self, exchange: Exchange, response: Response) -> None:
        trace = self._trace(exchange)
        if self._queue is not None and trace.is_sampled:
            # Not set when no plugin got to answer: a body that did not come.
            trace.answered_ns = trace.answered_ns or time.perf_counter_ns()
            self._queue.put(self._writer.spans(exchange, response, trace))

    def _trace(self, exchange: Exchange) -> RequestTrace:
        """Return the request's trace, which begins with the response where no route matched."""
        trace: RequestTrace | None = exchange.plugin_context.get(NAME)
        if trace is None:
            trace = exchange.plugin_context[NAME] = self._begun(exchange)
        return trace

    def _begun(self, exchange: Exchange) -> RequestTrace:
        client = parse_traceparent(exchange.header_values("traceparent")) if self._extracts else None
        ids = os.urandom(32).hex()
        span_ids = ids[32:48], ids[48:]
        now_ns = time.perf_counter_ns()
        if client is not None:
            return RequestTrace(client.trace_id, *span_ids, client.span_id, client.is_sampled, now_ns)
        # Not a secret: which traces are looked at.
        is_sampled = random.random() < self._sample_ratio  # noqa: S311
        return RequestTrace(ids[:32], *span_ids, None, is_sampled, now_ns)


def _span_settings(config: dict[str, Any]) -> SpanSettings:
    return SpanSettings(
        local_service_name=as_bytes(config["local_service_name"]),
        default_service_name=as_bytes(config["default_service_name"]) if config["default_service_name"] else None,
        span_name=config["http_span_name"],
        include_credential=config["include_credential"],
        static_tags={as_bytes(tag["name"]): as_bytes(tag["value"]) for tag in config["static_tags"] or ()},
        tags_header=config["tags_header"].lower(),
        phase_duration_flavor=config["phase_duration_flavor"],
        node_id=_node_id(),
    )


@functools.cache
def _node_id() -> str:
    """Kong has one for each node, here it is new with each start."""
    return str(uuid.uuid4())


def _queue(config: dict[str, Any]) -> SpanQueue:
    timeouts = Timeouts(config["connect_timeout"] / 1000, config["read_timeout"] / 1000)
    names = (field.name for field in dataclasses.fields(QueueSettings))
    settings = QueueSettings(**{name: config["queue"][name] for name in names})
    return SpanQueue(config["http_endpoint"], settings, timeouts)


def _create(configuration: PluginConfiguration, surroundings: Surroundings) -> Plugin:
    config = configuration.config
    queue = None
    if endpoint := config["http_endpoint"]:
        # Once more: it may come from the command line.
        if complaint := _collector(endpoint):
            raise ConfigurationError(f"zipkin: http_endpoint: {complaint}")
        queue = _queue(config)
        surroundings.on_stop.append(queue.stop)
    made = Zipkin(config, queue)
    return Plugin(access=made.access, header_filter=made.header_filter, log=made.log if queue is not None else None)


PLUGIN = PluginType(name=NAME, priority=100_000, fields=FIELDS, create=_create, rules=_rules)
