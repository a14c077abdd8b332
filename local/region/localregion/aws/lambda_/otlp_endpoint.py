"""Where functions send their spans on this machine, in place of the plan's address, and how long an export may take.

A plan is the same whichever ports are free here. Functions that export nothing do not begin to.
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from dataclasses import replace

from localregion.plan.model import Function, Plan

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TIMEOUT = "OTEL_EXPORTER_OTLP_TIMEOUT"


def with_otlp_endpoint(plan: Plan, endpoint: str | None, timeout_ms: str | None = None) -> Plan:
    """Return the plan with this endpoint and time-out in every function that has an endpoint; None changes nothing."""
    return replace(plan, functions=[directed(function, endpoint, timeout_ms) for function in plan.functions])


def directed(function: Function, endpoint: str | None, timeout_ms: str | None) -> Function:
    """Return the function with this endpoint and time-out, if it has an endpoint."""
    if ENDPOINT not in function.environment:
        return function
    given = {ENDPOINT: endpoint, TIMEOUT: timeout_ms}
    changed = {name: value for name, value in given.items() if value is not None}
    return replace(function, environment={**function.environment, **changed})
