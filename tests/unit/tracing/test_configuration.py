"""When tracing is on, and that it is free when it is off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.tracing.memory_log import MemoryLog

from contracts.settings import read
from tracing import Tracing, TracingSettings, configure
from tracing.off import OFF
from tracing.recording import Recording

LAYERS = [Path(__file__).parents[3] / "layers" / name / "python" for name in ("sockets", "tracing")]
IGNORED = "the time-out of exports is ignored, the default is used"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
SHOW_IMPORTS = (
    "import os, sys, tracing, tracing.http; tracing.prepare(os.environ); print('opentelemetry' in sys.modules)"
)


def configured(environ: Mapping[str, str], log: MemoryLog | None = None) -> Tracing:
    return configure(read(TracingSettings, environ), service="test", environ=environ, log=log or MemoryLog())


@pytest.mark.parametrize(
    "environ",
    [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, {**ENDPOINT, "OTEL_SDK_DISABLED": "true"}],
    ids=["no endpoint", "an empty one", "disabled"],
)
def test_without_a_collector_tracing_is_off(environ: dict[str, str]) -> None:
    assert configured(environ) is OFF


@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:4318", "https://collector:4318", "grpc://x:1", "http://", "http://x:port", "http://[::1"]
)
def test_an_endpoint_of_no_use_switches_tracing_off_and_is_said(endpoint: str) -> None:
    log = MemoryLog()
    assert configured({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, log) is OFF
    assert log.messages == ["tracing is off"]


def test_with_a_collector_tracing_is_on_and_nothing_is_opened_yet() -> None:
    assert configured({**ENDPOINT, "OTEL_SDK_DISABLED": "false"}) is not OFF


@pytest.mark.parametrize(
    ("text", "seconds", "said"),
    [("", 0.1, []), ("250", 0.25, []), ("0", 0.1, [IGNORED]), ("10001", 0.1, [IGNORED]), ("soon", 0.1, [IGNORED])],
)
def test_the_time_of_an_export_may_be_given(text: str, seconds: float, said: list[str]) -> None:
    log = MemoryLog()
    tracing = configured({**ENDPOINT, "OTEL_EXPORTER_OTLP_TIMEOUT": text}, log)

    assert isinstance(tracing, Recording)
    assert (tracing.collector.timeout_s, log.messages) == (seconds, said)


@pytest.mark.parametrize(("environ", "is_imported"), [({}, False), (ENDPOINT, True)], ids=["off", "on"])
def test_opentelemetry_is_imported_when_a_function_starts_or_never(environ: dict[str, str], is_imported: bool) -> None:
    paths = [entry for entry in sys.path if entry.endswith("site-packages")]
    done = subprocess.run(
        [sys.executable, "-c", SHOW_IMPORTS],
        env={"PYTHONPATH": ":".join([*map(str, LAYERS), *paths]), **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(is_imported)


def test_the_resource_says_which_function_in_which_region() -> None:
    from tracing.configuration import _resource

    settings = TracingSettings(otel_resource_attributes="deployment.environment.name=dev, service.version = 7 ,,x")
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "dev-create_order", "AWS_LAMBDA_FUNCTION_VERSION": "3", "AWS_REGION": "eu"}
    resource: dict[str, Any] = _resource(settings, service="create_order", environ=environ)

    assert (
        resource.items()
        >= {
            "service.name": "create_order",
            "service.version": "7",
            "faas.name": "dev-create_order",
            "faas.version": "3",
            "cloud.region": "eu",
            "deployment.environment.name": "dev",
        }.items()
    )


def test_everything_works_when_tracing_is_off() -> None:
    class Message:
        pass

    message, publisher = Message(), Message()
    with OFF.invocation("x", context=None, trigger="http") as span, OFF.span("y") as inner:
        span.set({"a": 1})
        inner.fail("b")

    assert span.context is None
    assert OFF.created(message) is message
    assert OFF.publisher(publisher, endpoint="amqp://x", below_message=True) is publisher
