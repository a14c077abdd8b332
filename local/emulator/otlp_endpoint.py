"""Where functions send their spans on this machine, in place of the address that the plan has.

A plan is the same whichever ports are free here. Functions that export nothing do not begin to.
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from dataclasses import replace

from plan.model import Function, Plan

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"


def with_otlp_endpoint(plan: Plan, endpoint: str | None) -> Plan:
    """Return the plan with this endpoint in every function that has one; None leaves it as it is."""
    if endpoint is None:
        return plan
    return replace(plan, functions=[_directed(function, endpoint) for function in plan.functions])


def _directed(function: Function, endpoint: str) -> Function:
    if VARIABLE not in function.environment:
        return function
    return replace(function, environment={**function.environment, VARIABLE: endpoint})
