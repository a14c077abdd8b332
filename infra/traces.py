"""Where spans go, by the stack's configuration: to collectors beside the code, to an address, or nowhere at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from components import collector
from components.function import ARCHITECTURE
from components.policy import Statement
from configuration import Configuration

ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
COLLECTOR_VARIABLE = "OPENTELEMETRY_COLLECTOR_CONFIG_URI"
RESOURCE_VARIABLE = "OTEL_RESOURCE_ATTRIBUTES"
SAMPLING_VARIABLE = "OTEL_TRACES_SAMPLER_ARG"


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What every function and the gateway are given to send their spans; nothing when the stack traces nothing."""

    environment: Mapping[str, str] = field(default_factory=dict)
    layers: Sequence[str] = ()
    statements: Sequence[Statement] = ()
    spans_endpoint: str | None = None
    container: collector.ContainerArgs | None = None

    @property
    def reach_xray(self) -> bool:
        return bool(self.layers)


def traces_of(config: Configuration, stack: str) -> Traces:
    """Return what a stack's functions and its gateway need; an address of the stack takes a collector's place."""
    if not config.tracing:
        return Traces()
    said = {
        RESOURCE_VARIABLE: f"deployment.environment.name={stack}",
        # For traces that begin in a function; the gateway decides about the others.
        SAMPLING_VARIABLE: f"{config.trace_sampling:g}",
    }
    container = collector.ContainerArgs(version=config.collector_image, region=config.region, environment_name=stack)
    gateway = Traces(
        spans_endpoint=config.spans_endpoint or collector.SPANS_ENDPOINT,
        container=None if config.spans_endpoint else container,
    )
    if config.otlp_endpoint is not None:
        return replace(gateway, environment={ENDPOINT_VARIABLE: config.otlp_endpoint, **said})
    layer = collector.layer_arn(region=config.region, architecture=ARCHITECTURE, version=config.collector_layer)
    sent_to = {ENDPOINT_VARIABLE: collector.OTLP_ENDPOINT, COLLECTOR_VARIABLE: collector.LAYER_CONFIG_URI}
    return replace(gateway, environment={**sent_to, **said}, layers=[layer], statements=collector.send_spans())
