"""Names and attributes of spans, as OpenTelemetry's semantic conventions have them today.

https://opentelemetry.io/docs/specs/semconv/: HTTP and database are stable, messaging and FaaS are in development. Only
what is ours is recorded: no header, no body, no value of a statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671}
# Tables always carry their schema here, names inside a statement (WITH …) never do.
_TARGET = re.compile(r"\b(INSERT INTO|DELETE FROM|UPDATE|FROM|JOIN)\s+(\w+\.\w+)")
# A statement that calls one of our functions and does nothing else.
_CALL = re.compile(r"\s*SELECT\s+(\w+\.\w+)\(")
_OPERATIONS = {"INSERT INTO": "INSERT", "DELETE FROM": "DELETE", "UPDATE": "UPDATE", "FROM": "SELECT", "JOIN": "SELECT"}


def invocation(request_id: str, *, trigger: str, is_cold: bool) -> dict[str, Any]:
    """Attributes of every invocation."""
    return {"faas.invocation_id": request_id, "faas.trigger": trigger, "faas.coldstart": is_cold}


def dropped(count: int) -> dict[str, int]:
    """How many spans an invocation made too many, if any."""
    return {"otel.dropped_spans": count} if count else {}


@cache
def statement(text: str) -> tuple[str, dict[str, Any]]:
    """Name and attributes of a parametrised statement: what it does to which tables, and its text without values.

    One that was put together for its values (no text here) is not repeated.
    """
    if not text:
        return "postgresql", {"db.system.name": "postgresql"}
    if (called := _CALL.match(text)) is not None:
        return _call(text, called[1])
    found = [(_OPERATIONS[verb], table) for verb, table in _TARGET.findall(text)]
    operation = found[0][0] if found else text.split(maxsplit=1)[0].upper()
    summary = " ".join(dict.fromkeys(f"{verb} {table}" for verb, table in found)) or operation
    tables = {table for _, table in found}
    attributes = {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.query.summary": summary,
        "db.query.text": " ".join(text.split()),
    }
    return summary, attributes | ({"db.collection.name": tables.pop()} if len(tables) == 1 else {})


def _call(text: str, procedure: str) -> tuple[str, dict[str, Any]]:
    summary = f"SELECT {procedure}"
    return summary, {
        "db.system.name": "postgresql",
        "db.operation.name": "SELECT",
        "db.stored_procedure.name": procedure,
        "db.query.summary": summary,
        "db.query.text": text,
    }


def message(exchange: str, routing_key: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a message that is created or sent."""
    attributes = {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": destination(exchange, routing_key),
        "messaging.rabbitmq.destination.routing_key": routing_key,
        "messaging.message.id": properties.get("message_id"),
        "messaging.message.conversation_id": properties.get("correlation_id"),
    }
    return {name: value for name, value in attributes.items() if isinstance(value, str) and value}


def destination(exchange: str, routing_key: str) -> str:
    """https://opentelemetry.io/docs/specs/semconv/messaging/rabbitmq/"""
    return f"{exchange}:{routing_key}"


def operation(name: str, kind: str) -> dict[str, str]:
    """`kind`: create, send, process."""
    return {"messaging.operation.name": name, "messaging.operation.type": kind}


def server(endpoint: str) -> dict[str, Any]:
    """Where `amqp(s)://host:port` leads."""
    address = urlsplit(endpoint)
    return {
        "server.address": address.hostname or "",
        "server.port": address.port or DEFAULT_PORTS.get(address.scheme, 0),
    }
