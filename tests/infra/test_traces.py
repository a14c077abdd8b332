"""Where spans go: each stack's choice, what functions and Kong are given for it, and the collectors' own settings."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from tests.infra.program import ROOT
from tests.infra.registered import register
from tests.infra.test_configuration import read

from components import collector
from components.policy import policy_document
from configuration import FUNCTIONS
from functions import LAYERS, SHARED_LAYERS
from localregion.plan.mocks import Resource
from localregion.plan.model import Plan
from localregion.plan.sources import source_folders
from traces import Traces, traces_of
from tracing.configuration import TracingSettings

Evaluated = Callable[[str], tuple[list[Resource], str]]
EXTENSION: dict[str, Any] = yaml.safe_load(
    (ROOT / "layers" / "tracing" / "python" / "tracing" / "collector.yaml").read_text()
)
SIDECAR: dict[str, Any] = yaml.safe_load(collector.CONTAINER_CONFIG.read_text())


def traces(**configuration: str) -> Traces:
    return traces_of(read(**configuration), "test")


def test_spans_of_a_deployed_stack_go_to_collectors_beside_the_code() -> None:
    found = traces()

    assert found.layers == [
        "arn:aws:lambda:us-east-1:184161586896:layer:opentelemetry-collector-arm64-0_22_0:1",
    ]
    assert found.environment == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
        "OPENTELEMETRY_COLLECTOR_CONFIG_URI": "file:///opt/python/tracing/collector.yaml",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        "OTEL_TRACES_SAMPLER_ARG": "1",
    }
    assert found.spans_endpoint == "http://127.0.0.1:9411/api/v2/spans"
    assert found.container is not None
    assert found.reach_xray


def test_an_address_takes_the_collectors_place() -> None:
    found = traces(otlpEndpoint="http://jaeger:4318", spansEndpoint="http://jaeger:9411/api/v2/spans")

    assert found.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://jaeger:4318"
    assert "OPENTELEMETRY_COLLECTOR_CONFIG_URI" not in found.environment
    assert found.spans_endpoint == "http://jaeger:9411/api/v2/spans"
    assert (found.layers, found.statements, found.container, found.reach_xray) == ((), (), None, False)


def test_tracing_that_is_off_leaves_nothing_behind() -> None:
    assert traces(tracing="false", otlpEndpoint="http://jaeger:4318") == Traces()


def test_a_stack_may_choose_how_many_traces_begin_and_which_collectors_take_them() -> None:
    found = traces(traceSampling="0.05", collectorLayer="0_23_0", collectorImage="v0.49.0")

    assert found.environment["OTEL_TRACES_SAMPLER_ARG"] == "0.05"
    assert found.layers[0].endswith("-0_23_0:1")
    assert found.container is not None
    assert found.container.version == "v0.49.0"


def test_what_functions_are_told_is_what_the_tracing_layer_reads() -> None:
    read_by_layer = {name.upper() for name in TracingSettings.__dataclass_fields__}

    assert traces().environment.keys() - {"OPENTELEMETRY_COLLECTOR_CONFIG_URI"} <= read_by_layer


def test_sending_is_all_that_a_role_may_do_with_xray() -> None:
    found: list[str] = []
    register(lambda: policy_document(traces().statements).apply(found.append))
    (statement,) = json.loads(found[0])["Statement"]

    assert all(action.startswith("xray:Put") for action in statement["Action"])


@pytest.mark.parametrize(
    ("stack", "otlp", "spans"),
    [
        ("local", "http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v2/spans"),
        ("laptop", "http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v2/spans"),
        ("dev", "http://localhost:4318", "http://127.0.0.1:9411/api/v2/spans"),
        ("prod", "http://localhost:4318", "http://127.0.0.1:9411/api/v2/spans"),
    ],
)
def test_every_function_and_the_gateway_of_a_stack_send_their_spans(
    plan_of: Callable[[str], Plan], stack: str, otlp: str, spans: str
) -> None:
    plan = plan_of(stack)

    assert len(plan.functions) == len(FUNCTIONS)
    for function in plan.functions:
        assert function.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == otlp
        assert function.environment["OTEL_RESOURCE_ATTRIBUTES"] == f"deployment.environment.name={stack}"
        external = [layer for layer in function.layers if layer.startswith("arn:")]
        assert len(external) == (0 if stack in ("local", "laptop") else 1)
        assert ("OPENTELEMETRY_COLLECTOR_CONFIG_URI" in function.environment) == bool(external)
    (zipkin,) = [each["config"] for each in plan.gateway.declarative_config["plugins"] if each["name"] == "zipkin"]
    assert (zipkin["http_endpoint"], zipkin["sample_ratio"]) == (spans, 1)


def test_every_folder_of_layers_is_in_one_layer_that_all_functions_have() -> None:
    published = [entry.parent for name in SHARED_LAYERS for entry in source_folders(name, ROOT).values()]

    folders = {folder for folder in (ROOT / "layers").glob("*/python") if any(folder.rglob("*.py"))}
    assert sorted(set(published)) == sorted(folders)
    # A function of two layers more than the shared ones is still within Lambda's five, the collector included.
    assert len(LAYERS) + 1 <= 5


def test_the_extensions_settings_are_where_the_variable_says() -> None:
    inside = Path(urlsplit(collector.LAYER_CONFIG_URI).path).relative_to("/opt/python")
    package = source_folders("systems", ROOT)[inside.parts[0]]

    assert (package.parent / inside).is_file()


@pytest.mark.parametrize("settings", [EXTENSION, SIDECAR], ids=["extension", "sidecar"])
def test_a_collector_signs_what_it_sends_to_xray_and_names_nothing_that_is_not_there(settings: dict[str, Any]) -> None:
    (pipeline,) = settings["service"]["pipelines"].values()

    for kind in ("receivers", "processors", "exporters"):
        assert pipeline[kind] == list(settings[kind])
    assert settings["service"]["extensions"] == list(settings["extensions"])
    exporter = settings["exporters"]["otlphttp"]
    assert exporter["traces_endpoint"] == "https://xray.${env:AWS_REGION}.amazonaws.com/v1/traces"
    assert settings["extensions"][exporter["auth"]["authenticator"]] == {
        "region": "${env:AWS_REGION}",
        "service": "xray",
    }
    # X-Ray takes no more than 10,000 spans in one request.
    assert settings["processors"]["batch"]["send_batch_max_size"] <= 10_000


def test_the_extension_listens_where_functions_send_and_lets_them_answer_first() -> None:
    listens = EXTENSION["receivers"]["otlp"]["protocols"]["http"]["endpoint"]

    assert f"http://{listens}" == collector.OTLP_ENDPOINT
    assert list(EXTENSION["processors"])[-1] == "decouple"


def test_the_sidecar_listens_where_kong_sends_and_for_nobody_else() -> None:
    assert SIDECAR["receivers"]["zipkin"]["endpoint"] == urlsplit(collector.SPANS_ENDPOINT).netloc == "127.0.0.1:9411"
    assert next(iter(SIDECAR["processors"])) == "memory_limiter"


def test_kong_goes_on_without_its_collector(evaluated: Evaluated) -> None:
    (service,) = [each.inputs for each in evaluated("dev")[0] if each.type == "awsx:ecs:FargateService"]
    containers = service["taskDefinitionArgs"]["containers"]
    beside = containers[collector.CONTAINER]
    variables = {each["name"]: each["value"] for each in beside["environment"]}

    assert {name: each["essential"] for name, each in containers.items()} == {
        "kong": True,
        "configurator": False,
        "collector": False,
    }
    (option,) = beside["command"]
    assert variables[option.removeprefix("--config=env:")] == collector.CONTAINER_CONFIG.read_text()
    assert variables["DEPLOYMENT_ENVIRONMENT_NAME"] == "dev"
    assert beside["image"].startswith("public.ecr.aws/aws-observability/aws-otel-collector:v")
    # The limiter refuses spans before the container's limit ends it.
    limit = SIDECAR["processors"]["memory_limiter"]
    assert limit["limit_mib"] + limit["spike_limit_mib"] < beside["memory"] < 1024
