"""What a policy is: a name, the resource types it looks at, and a function that says what is wrong with one of them.

A policy that looks at nothing proves nothing: `unmatched` names those for which a stack holds no resource.
https://www.pulumi.com/docs/iac/crossguard/
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PRODUCTION = "prod"
# Where Pulumi's bridge to a provider names the inputs that it filled in.
DEFAULTS = "__defaults"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource: its inputs as the engine gives them, secrets in clear, with the outputs that it is known by."""

    type: str
    name: str
    properties: Mapping[str, Any]
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """All resources of one stack."""

    name: str
    resources: Sequence[Resource]

    def of_type(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]

    @property
    def is_production(self) -> bool:
        return self.name == PRODUCTION


Check = Callable[[Resource, Stack], Iterable[str]]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A rule for every resource of these types."""

    name: str
    description: str
    types: Sequence[str]
    check: Check

    def violations(self, stack: Stack) -> list[tuple[Resource, str]]:
        """Return each resource that breaks the rule, with what is wrong."""
        return [(resource, wrong) for resource in stack.of_type(*self.types) for wrong in self.check(resource, stack)]


def policy(*types: str) -> Callable[[Check], Policy]:
    """Make a policy of a check: its name is the function's, its description the first line of the docstring."""

    def made(check: Check) -> Policy:
        name = str(getattr(check, "__name__", "")).replace("_", "-")
        description = (check.__doc__ or "").strip().splitlines()[0]
        return Policy(name=name, description=description, types=types, check=check)

    return made


def said(node: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield key and value of what reaches the API, and whether the provider filled it in: an empty default does not."""
    filled_in = frozenset(node.get(DEFAULTS) or ())
    for key in node:
        if key != DEFAULTS and (value := node[key]) is not None and not (key in filled_in and value == ""):
            yield key, value, key in filled_in


def unmatched(policies: Iterable[Policy], stack: Stack) -> list[str]:
    """Return the names of the policies that looked at nothing."""
    return [each.name for each in policies if not stack.of_type(*each.types)]
