"""Whether an environment is traced, and by what.

The variables are OpenTelemetry's own: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
A value that cannot be used is said in the log and never costs a function its work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tracing.off import OFF

if TYPE_CHECKING:
    from tracing.protocol import Log, Tracing

# Connecting, sending and the collector's answer together.
EXPORT_TIMEOUT_S = 0.1
# What OTEL_EXPORTER_OTLP_TIMEOUT may say; functions themselves have only seconds.
EXPORT_TIMEOUT_MAX_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class TracingSettings:
    """No endpoint: no tracing. The sampler is `parentbased_traceidratio`; its argument counts for traces that begin
    here."""

    otel_exporter_otlp_endpoint: str | None = None
    otel_exporter_otlp_timeout: str = ""
    otel_sdk_disabled: str = "false"
    otel_traces_sampler_arg: str = "1"
    otel_resource_attributes: str = ""

    @property
    def is_on(self) -> bool:
        return bool(self.otel_exporter_otlp_endpoint) and self.otel_sdk_disabled.strip().lower() != "true"


def prepare(environ: Mapping[str, str]) -> None:
    """Import what tracing needs if the environment asks for it: at init, when AWS gives a function most CPU."""
    endpoint, disabled = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"), environ.get("OTEL_SDK_DISABLED", "")
    if TracingSettings(otel_exporter_otlp_endpoint=endpoint, otel_sdk_disabled=disabled).is_on:
        import tracing.recording  # noqa: F401 - costs a function without a collector nothing


def configure(
    settings: TracingSettings,
    *,
    service: str,
    environ: Mapping[str, str],
    log: Log,
    export_timeout_s: float = EXPORT_TIMEOUT_S,
) -> Tracing:
    """What traces this execution environment; opens nothing."""
    if not settings.is_on:
        return OFF
    if not _is_usable(settings.otel_exporter_otlp_endpoint or ""):
        log.warning("tracing is off", extra={"reason": "OTEL_EXPORTER_OTLP_ENDPOINT is not like http://host:4318"})
        return OFF
    from tracing.recording import Recording  # see prepare

    return Recording(
        endpoint=settings.otel_exporter_otlp_endpoint or "",
        resource=_resource(settings, service=service, environ=environ),
        ratio=_ratio(settings.otel_traces_sampler_arg, log),
        export_timeout_s=_timeout_s(settings.otel_exporter_otlp_timeout, export_timeout_s, log),
        log=log,
    )


def _timeout_s(text: str, default_s: float, log: Log) -> float:
    """The variable has milliseconds; a text that is no whole number from 1 to the maximum leaves the default."""
    if not text.strip():
        return default_s
    try:
        if 1 <= (milliseconds := int(text)) <= EXPORT_TIMEOUT_MAX_MS:
            return milliseconds / 1000
    except ValueError:
        pass
    reason = f"OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds from 1 to {EXPORT_TIMEOUT_MAX_MS}"
    log.warning("the time-out of exports is ignored, the default is used", extra={"reason": reason})
    return default_s


def _ratio(text: str, log: Log) -> float:
    """The part of all traces that is recorded; what is no number from 0 to 1 counts as all."""
    try:
        if 0.0 <= (ratio := float(text)) <= 1.0:
            return ratio
    except ValueError:
        pass
    log.warning("every trace is recorded", extra={"reason": "OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1"})
    return 1.0


def _is_usable(endpoint: str) -> bool:
    try:
        address = urlsplit(endpoint)
        return address.scheme == "http" and bool(address.hostname) and address.port != 0 and endpoint.isascii()
    except ValueError:
        return False


def _resource(settings: TracingSettings, *, service: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """https://opentelemetry.io/docs/specs/semconv/resource/faas/; what the variable says wins."""
    known = {
        "service.name": service,
        "faas.name": environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        "faas.version": environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
        "faas.instance": environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
        "cloud.provider": "aws",
        "cloud.platform": "aws_lambda",
        "cloud.region": environ.get("AWS_REGION"),
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
    }
    pairs = (pair.partition("=") for pair in settings.otel_resource_attributes.split(","))
    given = {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
    return {name: value for name, value in known.items() if value} | given
