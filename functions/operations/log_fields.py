"""What the log says of an operation: its request, and the figures of its answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from operations.request import Request


def described(request: Request) -> dict[str, Any]:
    given = {name: value if value is None else str(value) for name, value in asdict(request).items()}
    return {"operation": type(request).__name__, **given}


def outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """The figures of an answer, without a customer's orders or messages."""
    figures = {name: value["count"] for name, value in answer.items() if isinstance(value, dict) and "count" in value}
    return figures | {name: value for name, value in answer.items() if isinstance(value, int)}
