"""What commands know of the parts without importing them: that would take longer than what most commands do."""

from __future__ import annotations

from collections.abc import Mapping

from localregion.services.ports import Ports

# What `make stop` and `make start` take; epmd is a detail of RabbitMQ's.
SERVICES = ("rabbitmq", "postgres", "emulator", "gateway", "console")
_READ_BY_THE_SUPERVISOR = ("REQUEUE", "OTEL_EXPORTER_OTLP_TIMEOUT", "POSTGRES_PROXY_PORT", "RABBITMQ_PROXY_PORT")


def settings(environment: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Return what a running system cannot change: another value needs another supervisor."""
    return {**ports.environment(), **{name: environment.get(name, "") for name in _READ_BY_THE_SUPERVISOR}}
