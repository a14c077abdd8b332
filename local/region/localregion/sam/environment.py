"""Pure: the file for `sam local invoke --env-vars`, which leads the functions to the system that `make up` runs.

It replaces the template's defaults by the ports that are in use. Passwords are not in it: a function asks Secrets
Manager's emulation for them by the secret's name, as it does in AWS.
"""

from __future__ import annotations

from collections.abc import Mapping

from localregion.plan.model import Plan
from localregion.sam import references
from localregion.sam.template import ENDPOINT_VARIABLE, logical_id


def env_vars(plan: Plan, values: Mapping[str, str], endpoint: str) -> dict[str, dict[str, str]]:
    """Return every variable of every function, by the function's logical id. KeyError for an unknown reference."""
    return {
        logical_id(function): {
            **{key: references.filled(value, values) for key, value in references.named(function.environment).items()},
            ENDPOINT_VARIABLE: endpoint,
        }
        for function in plan.functions
    }
