"""The container beside Kong that gives it its configuration: routes from the task's definition, customers from S3.

Kong has no database, so a change of a customer or a key would be a deployment. kong/configurator.py, which is handed
over as it is, reads the customers' object and posts the whole configuration to the task's own Admin API
(docs/decisions/0016-customers-are-data.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_awsx as awsx

CONTAINER = "configurator"
IMAGE = "public.ecr.aws/docker/library/python:3.13.9-slim"
# ECS starts no container of a task again: the shell starts the script again, should its memory not suffice.
_COMMAND = "trap 'exit 0' TERM; while true; do python -c \"$CONFIGURATOR\" & wait $!; sleep 1; done"
# From the project's root.
SCRIPT = "kong/configurator.py"
_ROOT = Path(__file__).resolve().parent.parent.parent
# Of the task's 1,024 MB: ten thousand customers take 60.
_MEMORY_MB = 160
POLL_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class ConfiguratorArgs:
    """Where the customers' object is; `service` is what its metrics are called by."""

    bucket: pulumi.Input[str]
    key: str
    service: str


def environment(args: ConfiguratorArgs) -> dict[str, pulumi.Input[str]]:
    """Return what the script reads wherever it runs; where Kong and S3 are is added by each place."""
    return {
        "CUSTOMERS_BUCKET": args.bucket,
        "CUSTOMERS_KEY": args.key,
        "POLL_SECONDS": str(POLL_SECONDS),
        "SERVICE": args.service,
    }


def container(
    args: ConfiguratorArgs, declarative_config: Mapping[str, Any], *, admin_port: int, region: str
) -> awsx.ecs.TaskDefinitionContainerDefinitionArgs:
    """Return the container.

    Kong outlives it with the customers that it has, and the alarm `gateway-configuration` misses its reports.
    """
    variables = {
        **environment(args),
        "CONFIGURATOR": (_ROOT / SCRIPT).read_text(),
        # Neither keys nor hashes are in it.
        "DECLARATIVE_CONFIG": pulumi.Output.json_dumps(dict(declarative_config)),
        "KONG_ADMIN_URL": f"http://127.0.0.1:{admin_port}",
        "AWS_REGION": region,
    }
    return awsx.ecs.TaskDefinitionContainerDefinitionArgs(
        name=CONTAINER,
        image=IMAGE,
        command=["sh", "-c", _COMMAND],
        essential=False,
        cpu=64,
        memory=_MEMORY_MB,
        environment=[
            awsx.ecs.TaskDefinitionKeyValuePairArgs(name=name, value=value) for name, value in variables.items()
        ],
    )
