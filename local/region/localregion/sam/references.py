"""What a variable of the plan refers to: addresses that become parameters of the template, secrets that go by name.

An address such as `${database.host}` differs from place to place, so it is a parameter. A secret's ARN holds an account
that the plan only pretends to have; its name is the same everywhere and Secrets Manager takes either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from localregion.plan.model import Plan

_REFERENCE = re.compile(r"\$\{([a-z_.]+)\}")
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:(.+)")


def parameter(reference: str) -> str:
    """Return `DatabaseHost` for `database.host`."""
    return "".join(word.capitalize() for word in re.split(r"[._]", reference))


def named(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with the name of each secret in the place of its ARN."""
    return {key: _SECRET.sub(lambda match: match.group(1), value) for key, value in variables.items()}


def used(plan: Plan) -> list[str]:
    """Return every reference that a function's variables hold, each once."""
    values = [value for function in plan.functions for value in function.environment.values()]
    return sorted({reference for value in values for reference in _REFERENCE.findall(value)})


def as_intrinsic(value: str) -> str | dict[str, str]:
    """Return a value for the template: as it is, or with `Ref` or `Fn::Sub` where it refers to something."""
    if whole := _REFERENCE.fullmatch(value):
        return {"Ref": parameter(whole[1])}
    if _REFERENCE.search(value):
        return {"Fn::Sub": _REFERENCE.sub(lambda match: f"${{{parameter(match[1])}}}", value)}
    return value


def filled(value: str, values: Mapping[str, str]) -> str:
    """Return a value with what each reference stands for; KeyError for one without a value."""
    return _REFERENCE.sub(lambda match: values[match[1]], value)


def seen_from_container(values: Mapping[str, str], *, loopback: str, host: str) -> dict[str, str]:
    """Return the addresses as a container reaches them: this machine is `host` there."""
    return {key: value.replace(loopback, host) for key, value in values.items()}
