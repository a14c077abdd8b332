"""What commands know of the parts without importing them: that would take longer than what most commands do.

Which parts there are is the plan's: a program without a broker is booted without RabbitMQ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from localregion.plan.model import Plan
from localregion.services.ports import Ports

# What `make stop` and `make start` take; epmd is a detail of RabbitMQ's, the configurator one of the gateway's.
SERVICES = ("rabbitmq", "postgres", "emulator", "gateway", "console")
# What a program has that needs the part; the emulator and the console are always there.
WITHOUT = {"postgres": "no database", "rabbitmq": "no broker", "gateway": "no gateway"}
_PORTS = {
    "postgres": ("postgres",),
    "epmd": ("epmd",),
    "rabbitmq": ("rabbitmq", "rabbitmq_management", "rabbitmq_dist"),
    "gateway": ("gateway",),
    "configurator": ("gateway_admin",),
    "emulator": ("aws",),
    "console": ("console",),
}
_READ_BY_THE_SUPERVISOR = ("REQUEUE", "OTEL_EXPORTER_OTLP_TIMEOUT", "POSTGRES_PROXY_PORT", "RABBITMQ_PROXY_PORT")


def parts_of(plan: Plan) -> set[str]:
    """Return the names of the parts that a plan needs."""
    parts = {"emulator", "console"}
    if plan.database is not None:
        parts.add("postgres")
    if plan.broker is not None:
        parts |= {"epmd", "rabbitmq"}
    if plan.gateway is not None:
        parts.add("gateway")
        if plan.gateway.configurator is not None:
            parts.add("configurator")
    return parts


def ports_of(parts: Iterable[str]) -> set[str]:
    """Return the names of the ports that these parts listen on."""
    return {name for part in parts for name in _PORTS[part]}


def settings(environment: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Return what a running system cannot change: another value needs another supervisor."""
    return {**ports.environment(), **{name: environment.get(name, "") for name in _READ_BY_THE_SUPERVISOR}}
