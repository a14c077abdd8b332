"""Spans: every function and gateway that makes spans has a collector, and none depends on it for its work."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from policies.functions import variables_of
from policies.model import Resource, Stack, policy

FUNCTION = "aws:lambda/function:Function"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
KONG = "kong"
# The task that people on call enter has no Kong (policies/people.py).
ACCESS = "access"

# https://github.com/open-telemetry/opentelemetry-lambda: the collector as an extension.
COLLECTOR = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):184161586896:layer:"
    r"opentelemetry-collector-(?P<machine>arm64|amd64)-(?P<version>\d+_\d+_\d+):\d+"
)
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
CONFIGURATION = "OPENTELEMETRY_COLLECTOR_CONFIG_URI"
ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES"
_MACHINES = {"arm64": "arm64", "x86_64": "amd64"}
_LAYERS = Path(__file__).resolve().parent.parent.parent / "layers"


@policy(FUNCTION)
def all_functions_are_traced_or_none(resource: Resource, stack: Stack) -> Iterator[str]:
    """Every function sends its spans to a collector and says of which stack they are, or tracing is off for all."""
    given = variables_of(resource)
    if ENDPOINT not in given and any(ENDPOINT in variables_of(each) for each in stack.of_type(FUNCTION)):
        yield f"{ENDPOINT} is missing, other functions have it"
    if ENDPOINT in given and f"deployment.environment.name={stack.name}" not in given.get(ATTRIBUTES, ""):
        yield f"{ATTRIBUTES} must name the stack"


@policy(FUNCTION)
def collectors_are_there_and_configured(resource: Resource, stack: Stack) -> Iterator[str]:
    """A function that sends spans to its own environment has one collector there, built and configured for it."""
    given = variables_of(resource)
    layers = [found for arn in resource.properties.get("layers") or () if (found := COLLECTOR.fullmatch(arn))]
    is_own = urlsplit(given.get(ENDPOINT, "")).hostname in ("localhost", "127.0.0.1")
    if len(layers) != (1 if is_own else 0):
        yield f"{ENDPOINT} is {given.get(ENDPOINT)}, and it has {len(layers)} collectors"
    for layer in layers:
        if [layer["machine"]] != [_MACHINES[each] for each in resource.properties["architectures"]]:
            yield f"its collector is built for {layer['machine']}"
    if layers and not _is_shipped(given.get(CONFIGURATION, "")):
        yield f"{CONFIGURATION} is {given.get(CONFIGURATION)}, no file below layers/: by default spans are only logged"


@policy(FUNCTION)
def lambda_begins_no_trace_of_its_own(resource: Resource, stack: Stack) -> Iterator[str]:
    """Lambda's own tracing is off: it knows no traceparent and would begin a second trace for each invocation."""
    mode = (resource.properties.get("tracingConfig") or {}).get("mode")
    if mode != "PassThrough":
        yield f"tracingConfig.mode is {mode}, it must be PassThrough"


@policy(TASK_DEFINITION)
def kong_outlives_what_stands_beside_it(resource: Resource, stack: Stack) -> Iterator[str]:
    """Of a task's containers Kong alone is essential; the others have a limit, a pinned image and no open port."""
    containers: dict[str, Any] = {
        each["name"]: each for each in json.loads(resource.properties["containerDefinitions"])
    }
    if containers.keys() == {ACCESS}:
        return
    if not (containers.get(KONG) or {}).get("essential"):
        yield f"{KONG} must be essential"
    for name, container in containers.items():
        if name == KONG:
            continue
        if container.get("essential") is not False:
            yield f"{name} must not be essential: its end would be Kong's"
        if not container.get("memory"):
            yield f"{name} must have a limit of memory, else it takes Kong's"
        if not re.search(r":v?\d+(\.\d+){1,2}(-[a-z]+)?$", str(container.get("image"))):
            yield f"{name} runs {container.get('image')}, which is no version"
        if container.get("portMappings"):
            yield f"{name} is for its own task and opens a port"


def _is_shipped(uri: str) -> bool:
    """Tell whether a file URI leads to a file of ours in the place where layers are unpacked."""
    inside = urlsplit(uri).path.removeprefix("/opt/")
    return uri.startswith("file:///opt/") and any((folder / inside).is_file() for folder in _LAYERS.iterdir())
