"""The OpenTelemetry collector beside the code: an extension of each function, a container beside Kong, both to X-Ray.

X-Ray takes OTLP at an endpoint of its own, signed in the name of the role, once the account keeps spans in CloudWatch
Logs (docs/deploy.md, once per account). Without it, or with a dead collector, spans are lost and nothing else is.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi_awsx as awsx

from components.policy import Statement

# The OpenTelemetry project's own account: https://github.com/open-telemetry/opentelemetry-lambda.
LAYER_ACCOUNT = "184161586896"
_MACHINES = {"arm64": "arm64", "x86_64": "amd64"}
# Where its settings arrive with the layer `systems`: layers/tracing/python/tracing/collector.yaml.
LAYER_CONFIG_URI = "file:///opt/python/tracing/collector.yaml"
OTLP_ENDPOINT = "http://localhost:4318"

CONTAINER = "collector"
SPANS_ENDPOINT = "http://127.0.0.1:9411/api/v2/spans"
CONTAINER_CONFIG = Path(__file__).resolve().parent.parent.parent / "kong" / "collector.yaml"
_CONFIG_VARIABLE = "COLLECTOR_CONFIG"
# Of the task's 1,024 MB; its own limiter refuses spans before it gets there.
_MEMORY_MB = 160


@dataclass(frozen=True, kw_only=True)
class ContainerArgs:
    """The image's version; `environment_name` is what its spans say of where they come from."""

    version: str
    region: str
    environment_name: str


def layer_arn(*, region: str, architecture: str, version: str) -> str:
    """Return the extension's layer for functions of this architecture, `version` as the project writes it: `0_22_0`."""
    name = f"opentelemetry-collector-{_MACHINES[architecture]}-{version}"
    return f"arn:aws:lambda:{region}:{LAYER_ACCOUNT}:layer:{name}:1"


def send_spans() -> Sequence[Statement]:
    """Grant sending spans to X-Ray, which knows no resource to name."""
    actions = ["xray:PutTraceSegments", "xray:PutSpans", "xray:PutSpansForIndexing"]
    return [Statement(actions=actions, resources=["*"])]


def container(args: ContainerArgs) -> awsx.ecs.TaskDefinitionContainerDefinitionArgs:
    """Return the container beside Kong. It may die: Kong then drops its spans and goes on."""
    environment = {
        _CONFIG_VARIABLE: CONTAINER_CONFIG.read_text(),
        "AWS_REGION": args.region,
        "DEPLOYMENT_ENVIRONMENT_NAME": args.environment_name,
    }
    return awsx.ecs.TaskDefinitionContainerDefinitionArgs(
        name=CONTAINER,
        image=f"public.ecr.aws/aws-observability/aws-otel-collector:{args.version}",
        command=[f"--config=env:{_CONFIG_VARIABLE}"],
        essential=False,
        cpu=64,
        memory=_MEMORY_MB,
        environment=[
            awsx.ecs.TaskDefinitionKeyValuePairArgs(name=name, value=value) for name, value in environment.items()
        ],
    )
