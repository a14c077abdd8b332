"""zipkin: the function is told which trace it belongs to; the plugin that can, because it runs before aws-lambda.

The client's trace goes on: same trace id, the client's decision whether it is sampled, a new span of the gateway's as
the parent. Without a valid `traceparent` a trace begins here. W3C headers only: other formats are refused, and so is
what Kong does by default, which tries them all. Only Kong sends spans to `http_endpoint`; this gateway keeps none.
Protocol: https://docs.konghq.com/hub/kong-inc/zipkin/, as recorded in `tests/events/kong/tracing.json`.
"""

from __future__ import annotations

import logging
import os
import random
from typing import Any

from gateway.configuration import PluginConfiguration
from gateway.exchange import Exchange, Response
from gateway.plugin import Plugin, PluginType, Surroundings
from gateway.schema import Errors, Field
from gateway.trace_context import TraceContext, format_traceparent, parse_traceparent

_LOG = logging.getLogger("gateway.zipkin")

NAME = "zipkin"
_EXTRACTED = ("datadog", "b3", "gcp", "jaeger", "aws", "ot", "w3c")
_INJECTED = ("preserve", "datadog", "b3", "gcp", "b3-single", "jaeger", "aws", "ot", "w3c")
_FORMATS = ("datadog", "b3", "gcp", "b3-single", "jaeger", "aws", "ot", "w3c")
_OLD_FORMATS = ("b3", "b3-single", "w3c", "jaeger", "ot", "aws", "datadog", "gcp")
_HEADER_TYPES = ("preserve", "ignore", "b3", "b3-single", "w3c", "jaeger", "ot", "aws", "datadog", "gcp")
_MS = (0, 2147483646)
_QUEUE = {
    "max_batch_size": Field(kind="integer", default=1, between=(1, 1_000_000)),
    "max_coalescing_delay": Field(kind="number", default=1, between=(0, 3600)),
    "max_entries": Field(kind="integer", default=10000, between=(1, 1_000_000)),
    "max_bytes": Field(kind="integer"),
    "max_retry_time": Field(kind="number", default=60),
    "initial_retry_delay": Field(kind="number", default=0.01, between=(0.001, 1_000_000)),
    "max_retry_delay": Field(kind="number", default=60, between=(0.001, 1_000_000)),
    "concurrency_limit": Field(kind="integer", default=1, one_of=(-1, 1)),
}
_PROPAGATION = {
    "extract": Field(kind="array", elements=Field(kind="string", one_of=_EXTRACTED, only=("w3c",))),
    "clear": Field(kind="array", elements=Field(kind="string")),
    "inject": Field(kind="array", elements=Field(kind="string", one_of=_INJECTED, only=("w3c",))),
    "default_format": Field(kind="string", required=True, one_of=_FORMATS),
}
FIELDS = {
    "local_service_name": Field(kind="string", default="kong"),
    "http_endpoint": Field(kind="string"),
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
        # Kong's default: whatever format the client uses, B3 when it uses none.
        return {"config": {"propagation": "extract [w3c] and inject [w3c] are required by the embedded gateway"}}
    return {}


class Zipkin:
    """One configuration of the plugin."""

    def __init__(self, config: dict[str, Any]) -> None:
        propagation = config["propagation"]
        self._extracts = bool(propagation["extract"])
        self._injects = bool(propagation["inject"])
        self._cleared = dict.fromkeys((name.lower() for name in propagation["clear"] or ()), None)
        self._sample_ratio = config["sample_ratio"]
        self._response_header = config["http_response_header_for_traceid"]

    async def access(self, exchange: Exchange) -> None:
        context = self._continued(exchange)
        exchange.plugin_context[NAME] = context
        changed: dict[str, str | None] = dict(self._cleared)
        if self._injects:
            changed["traceparent"] = format_traceparent(context)
        if changed:
            exchange.replace_headers(changed)

    def header_filter(self, exchange: Exchange, response: Response) -> None:
        context: TraceContext | None = exchange.plugin_context.get(NAME)
        if context is not None and self._response_header:
            response.set_header(self._response_header, context.trace_id)

    def _continued(self, exchange: Exchange) -> TraceContext:
        client = parse_traceparent(exchange.header_values("traceparent")) if self._extracts else None
        if client is not None:
            return TraceContext(client.trace_id, os.urandom(8).hex(), client.is_sampled)
        # Not a secret: which traces are looked at.
        is_sampled = random.random() < self._sample_ratio  # noqa: S311
        return TraceContext(os.urandom(16).hex(), os.urandom(8).hex(), is_sampled)


def _create(configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    if configuration.config["http_endpoint"]:
        _LOG.warning("zipkin: spans are not sent to 'http_endpoint' by the embedded gateway")
    made = Zipkin(configuration.config)
    return Plugin(access=made.access, header_filter=made.header_filter)


PLUGIN = PluginType(name=NAME, priority=100_000, fields=FIELDS, create=_create, rules=_rules)
