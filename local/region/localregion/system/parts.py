"""The parts of the local system: how each is started, how it shows that it answers, where.

The only place that knows the command lines of the emulator, the gateway and the console. RabbitMQ and Postgres start
before there is a plan and get its users and database once they answer.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from localregion import http_client, project
from localregion.http_client import HttpError
from localregion.plan import model
from localregion.services.leftovers import MARK
from localregion.services.ports import HOST, Ports
from localregion.services.postgres import Postgres
from localregion.services.process import Command
from localregion.services.rabbitmq import RabbitMQ
from localregion.services.supervision import Part
from localregion.system.configuration import HasConfiguration, python_environment, reference_values
from localregion.system.deployed import addresses
from localregion.system.folder import Folder


def all_parts(folder: Folder, ports: Ports, current: HasConfiguration, *, region: str | None = None) -> list[Part]:
    """Return every part that a program may need, or what is deployed into a region."""
    postgres = Postgres(folder.data("postgres"), port=ports.postgres)
    rabbitmq = RabbitMQ(
        folder.data("rabbitmq"),
        port=ports.rabbitmq,
        management_port=ports.rabbitmq_management,
        dist_port=ports.rabbitmq_dist,
        epmd_port=ports.epmd,
    )
    return [
        _postgres_part(postgres, folder, current),
        _epmd_part(rabbitmq, folder, ports),
        _rabbitmq_part(rabbitmq, folder, current),
        _console_part(folder, ports),
        _gateway_part(folder, ports, current),
        _configurator_part(folder, ports, current),
        _emulator_part(folder, ports, region),
    ]


def _postgres_part(postgres: Postgres, folder: Folder, current: HasConfiguration) -> Part:
    def settle() -> None:
        configuration = current.get()
        if (database := configuration.plan.database) is not None:
            admin = configuration.secrets[database.admin_secret]
            postgres.bootstrap(database=database.name, user=admin["username"], password=admin["password"])

    return Part(
        name="postgres",
        address=f"{HOST}:{postgres.port}",
        prepare=postgres.prepare,
        command=lambda: _marked(postgres.command(), folder),
        is_ready=postgres.is_ready,
        settle=settle,
    )


def _epmd_part(rabbitmq: RabbitMQ, folder: Folder, ports: Ports) -> Part:
    return Part(
        name="epmd",
        address=f"{HOST}:{ports.epmd}",
        command=lambda: _marked(rabbitmq.epmd_command(), folder),
        is_ready=rabbitmq.is_epmd_ready,
    )


def _rabbitmq_part(rabbitmq: RabbitMQ, folder: Folder, current: HasConfiguration) -> Part:
    def settle() -> None:
        configuration = current.get()
        if (broker := configuration.plan.broker) is not None:
            admin = configuration.secrets[broker.admin_secret]
            rabbitmq.bootstrap(username=admin["username"], password=admin["password"])
        for queue in project.current().queues:
            rabbitmq.declare_queue(queue)

    return Part(
        name="rabbitmq",
        address=f"{HOST}:{rabbitmq.port}",
        prepare=rabbitmq.prepare,
        command=lambda: _marked(rabbitmq.command(), folder),
        is_ready=rabbitmq.is_ready,
        settle=settle,
    )


def _emulator_part(folder: Folder, ports: Ports, region: str | None) -> Part:
    # How the event source mapping gives a failed batch back; see `docs/architecture.md`.
    requeue = ["--requeue", method] if (method := os.environ.get("REQUEUE")) else []
    arguments = [
        *_inputs(folder),
        "--state",
        str(folder.path),
        "--root",
        str(project.current().root),
        "--port",
        str(ports.aws),
        *requeue,
    ]
    if region is None:
        arguments += ["--otlp-endpoint", _console(ports)]
    else:
        arguments += ["--region", region, "--addresses", json.dumps(addresses(ports, os.environ))]
    if timeout_ms := os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT"):
        arguments += ["--otlp-timeout-ms", timeout_ms]
    return Part(
        name="emulator",
        address=f"http://{HOST}:{ports.aws}",
        command=lambda: _marked(_module("localregion.aws", arguments), folder),
        is_ready=lambda: answers_http(f"http://{HOST}:{ports.aws}/_emulator/status"),
    )


def _gateway_part(folder: Folder, ports: Ports, current: HasConfiguration) -> Part:
    arguments = [*_inputs(folder), "--port", str(ports.gateway), "--aws-port", str(ports.aws)]
    arguments += ["--spans-endpoint", f"{_console(ports)}/api/v2/spans"]

    def command() -> Command:
        gateway = current.plan().gateway
        is_configured_later = gateway is not None and gateway.configurator is not None
        admin = ["--admin-port", str(ports.gateway_admin)] if is_configured_later else []
        return _marked(_module("localregion.kong", [*arguments, *admin]), folder)

    return Part(
        name="gateway",
        address=f"http://{HOST}:{ports.gateway}",
        command=command,
        is_ready=lambda: answers_http(f"http://{HOST}:{ports.gateway}/"),
    )


def _configurator_part(folder: Folder, ports: Ports, current: HasConfiguration) -> Part:
    """The container beside Kong, as a process: the plan's script with its variables, and where Kong and S3 are here."""

    def command() -> Command:
        configuration = current.get()
        gateway = model.resolve(configuration.plan, reference_values(ports, os.environ), configuration.secrets).gateway
        if gateway is None or gateway.configurator is None:
            raise LookupError("the plan has no configurator")
        here = {
            "DECLARATIVE_CONFIG": json.dumps(gateway.declarative_config),
            "KONG_ADMIN_URL": f"http://{HOST}:{ports.gateway_admin}",
            "AWS_ENDPOINT_URL": f"http://{HOST}:{ports.aws}",
            "AWS_REGION": configuration.plan.region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        environment = {**python_environment(), **gateway.configurator.environment, **here}
        root = project.current().root
        argv = [sys.executable, str(root / gateway.configurator.script)]
        return _marked(Command(argv=argv, cwd=root, environment=environment), folder)

    return Part(name="configurator", address="", command=command, is_ready=lambda: True)


def _console_part(folder: Folder, ports: Ports) -> Part:
    arguments = ["--state", str(folder.path), "--port", str(ports.console)]
    return Part(
        name="console",
        address=_console(ports),
        # It only shows what others have: nothing is lost by not waiting for a thread that asks a frozen part.
        command=lambda: _marked(replace(_module("localregion.console", arguments), patience_s=3), folder),
        is_ready=lambda: answers_http(f"{_console(ports)}/"),
    )


def answers_http(url: str) -> bool:
    """Say whether a server answers there, with any status; the request is not traced."""
    traceparent = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-00"
    try:
        http_client.request("GET", url, headers={"traceparent": traceparent}, timeout_s=2)
    except HttpError:
        return False
    return True


def _console(ports: Ports) -> str:
    return f"http://{HOST}:{ports.console}"


def _inputs(folder: Folder) -> list[str]:
    return ["--plan", str(folder.plan), "--values", str(folder.values), "--secrets", str(folder.secrets)]


def _module(name: str, arguments: Sequence[str]) -> Command:
    return Command(
        argv=[sys.executable, "-m", name, *arguments], cwd=project.current().root, environment=python_environment()
    )


def _marked(command: Command, folder: Folder) -> Command:
    return replace(command, environment={**command.environment, MARK: str(folder.path)})
