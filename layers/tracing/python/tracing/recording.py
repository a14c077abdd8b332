"""Tracing that is on: OpenTelemetry's SDK makes the spans, and one request at the end of an invocation exports them.

A collector costs an invocation its export time-out at most and, while the breaker is open, nothing. Spans that could
not be exported are dropped; the log says so when an outage begins, and how many spans it cost when it ends.
Ids come from the operating system, so a restored snapshot repeats none; a connection exists only after an export.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from tracing import attributes as names
from tracing import otlp_json
from tracing.breaker import Breaker
from tracing.buffer import LINKS_MAX, SpanBuffer
from tracing.collector import Collector, ExportError
from tracing.protocol import Attributes, DatabasePlace, Kind, Log, M, Observer, P
from tracing.publishing import TracedPublisher, created
from tracing.spans import LeafSpan, RecordedSpan, remote_parent
from tracing.trace_context import SAMPLED, TraceContext, parse


class OperatingSystemIds(IdGenerator):
    """The SDK's own generator goes on from where a snapshot was taken."""

    def generate_span_id(self) -> int:
        return int.from_bytes(os.urandom(8), "big") or 1

    def generate_trace_id(self) -> int:
        return int.from_bytes(os.urandom(16), "big") or 1


class Recording:
    """See `tracing.protocol.Tracing`."""

    def __init__(
        self,
        *,
        endpoint: str,
        resource: Mapping[str, Any],
        ratio: float,
        export_timeout_s: float,
        log: Log,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._buffer = SpanBuffer()
        self.collector = Collector(endpoint, timeout_s=export_timeout_s)
        self._breaker = Breaker(clock)
        self._resource = otlp_json.resource(resource)
        self._log = log
        self._dropped = 0
        self._is_cold = True
        provider = TracerProvider(
            resource=Resource({}),
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            id_generator=OperatingSystemIds(),
            shutdown_on_exit=False,
        )
        self._tracer = provider.get_tracer(otlp_json.SCOPE)

    @contextmanager
    def invocation(
        self,
        name: str,
        *,
        context: Any,
        trigger: str,
        headers: Mapping[str, Any] | None = None,
        attributes: Attributes | None = None,
    ) -> Iterator[RecordedSpan]:
        given = {
            **names.invocation(context.aws_request_id, trigger=trigger, is_cold=self._is_cold),
            **(attributes or {}),
        }
        self._is_cold = False
        try:
            with self.start(name, kind="SERVER", attributes=given, parent=parse(headers)) as span:
                self._log.append_keys(trace_id=span.context.trace_id, span_id=span.context.span_id)
                try:
                    yield span
                finally:
                    span.set(names.dropped(self._buffer.dropped))
        finally:
            self._log.remove_keys(["trace_id", "span_id"])
            self._export()

    def span(
        self,
        name: str,
        *,
        kind: Kind = "INTERNAL",
        attributes: Attributes | None = None,
        links: Iterable[TraceContext] = (),
    ) -> RecordedSpan:
        return self.start(name, kind=kind, attributes=attributes, links=links)

    def statements(self, database: DatabasePlace) -> Observer:
        place: dict[str, Any] = {
            "db.namespace": database.database_name,
            "server.address": database.database_host,
            "server.port": database.database_port,
        }

        def observe(query: object) -> RecordedSpan:
            name, attributes = names.statement(query if isinstance(query, str) else "")
            return self.start(name, kind="CLIENT", attributes=place | attributes, form=LeafSpan)

        return observe

    def created(self, message: M) -> M:
        return created(message, self.start)

    def created_below(self, message: M) -> M:
        return created(message, self.start, is_below_message=True)

    def publisher(self, publisher: P, *, endpoint: str, below_message: bool) -> P:
        place = names.server(endpoint)
        traced: Any = TracedPublisher(
            publisher, start=self.start, buffer=self._buffer, attributes=place, below_message=below_message
        )
        return traced  # type: ignore[no-any-return]

    def close(self) -> None:
        self.collector.close()

    def start(
        self,
        name: str,
        *,
        kind: Kind,
        attributes: Attributes | None,
        parent: TraceContext | None = None,
        links: Iterable[TraceContext] = (),
        form: type[RecordedSpan] = RecordedSpan,
    ) -> RecordedSpan:
        """A span below `parent` or the current span; its block ends it, or the caller."""
        made = self._tracer.start_span(
            name, context=None if parent is None else remote_parent(parent), kind=trace.SpanKind[kind]
        )
        span = form(made, attributes)
        if self._buffer.keep(span):
            span.links = [link for link in links if link.flags & SAMPLED][:LINKS_MAX]
        return span

    def _export(self) -> None:
        spans = self._buffer.take()
        if not spans:
            return
        if self._breaker.is_open:
            self._dropped += len(spans)
            return
        try:
            self.collector.post(otlp_json.request(self._resource, spans))
        except Exception as error:  # the invocation has done its work: no failure of the export may fail it
            self._breaker.failed()
            if self._dropped == 0:
                reason = str(error) if isinstance(error, ExportError) else type(error).__name__
                self._log.warning("spans are dropped: the collector does not take them", extra={"reason": reason})
            self._dropped += len(spans)
        else:
            self._breaker.succeeded()
            dropped, self._dropped = self._dropped, 0
            if dropped:
                self._log.info("spans are exported again", extra={"dropped_spans": dropped})
