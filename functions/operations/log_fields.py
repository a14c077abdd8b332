"""What the log says of an operation: its request, and the figures of its answer; no customer's name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from operations.request import Request


def described(request: Request) -> dict[str, Any]:
    shown = (each.name for each in fields(request) if not each.metadata.get("is_secret"))
    given = {name: None if (value := getattr(request, name)) is None else str(value) for name in shown}
    return {"operation": type(request).__name__, **given}


def outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """The figures of an answer, without a customer's orders or messages."""
    figures = {name: value["count"] for name, value in answer.items() if isinstance(value, dict) and "count" in value}
    return figures | {name: value for name, value in answer.items() if isinstance(value, int)}
