"""An emulator into which functions are deployed, without a control plane: broker and secrets are those of a plan.

`python -m integration.aws.region_emulator` takes the emulator's own arguments. `running_region` starts one for a test.
"""

from __future__ import annotations

import asyncio
import io
import signal
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import uvloop
from integration.aws.running_emulator import RunningEmulator, plan_of

from localregion.aws.__main__ import Emulator, load
from localregion.aws.http.server import bind
from localregion.aws.region.sources import PlanResolver
from localregion.aws.settings import parse_arguments

BUCKET = "code"
ROLE = "arn:aws:iam::000000000000:role/any"
LOGIN = "login"
SECRET_ARN = f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{LOGIN}-AbCdEf"
BROKER_ARN = "arn:aws:mq:us-east-1:000000000000:broker:any:b-1"


def running_region(folder: Path, *, broker: Any = None) -> RunningEmulator:
    """Return an emulator that is not started yet; `broker` is a running RabbitMQ."""
    login = {"username": broker.username, "password": broker.password} if broker else {}
    (folder / "pyproject.toml").touch()
    return RunningEmulator(
        folder,
        plan_of(
            [],
            secrets={LOGIN: login},
            database=None,
            gateway=None,
            buckets=[BUCKET],
            broker={"engine_version": "4.2", "admin_secret": LOGIN} if broker else None,
        ),
        ["--region", "us-east-1"],
        module="integration.aws.region_emulator",
        broker_endpoint=broker.endpoint if broker else "amqp://127.0.0.1:1",
        secrets={LOGIN: login},
    )


def serving(folder: Path) -> Iterator[RunningEmulator]:
    """Yield one that runs, as a fixture does."""
    running = running_region(folder)
    running.start()
    yield running
    running.stop()


def delete_functions(client: Any) -> None:
    for function in client.list_functions()["Functions"]:
        client.delete_function(FunctionName=function["FunctionName"])


def zipped(files: Mapping[str, str]) -> bytes:
    """Return an archive of these files, the same for the same ones."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def create_function(client: Any, name: str, source: str, **changes: Any) -> dict[str, Any]:
    """Create a function from an archive with one module, `handler`."""
    request = {
        "FunctionName": name,
        "Role": ROLE,
        "Runtime": "python3.13",
        "Handler": "handler.lambda_handler",
        "Code": {"ZipFile": zipped({"handler.py": source})},
    }
    created: dict[str, Any] = client.create_function(**{**request, **changes})
    return created


async def run(arguments: list[str]) -> None:
    settings = parse_arguments(arguments)
    plan, broker_url = load(settings)
    listener = bind(settings.port, host=settings.host, variable="AWS_PORT")
    emulator = Emulator(plan, settings, broker_url=broker_url, resolver=PlanResolver(plan, broker_url))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, emulator.stop)
    await emulator.run(listener)


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1:]))
