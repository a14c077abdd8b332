"""The engine's part towards the policy pack: the inputs of each resource in turn, and then the outputs of all of them.

Values arrive as Pulumi's SDK hands them over: mappings and sequences that are no dicts and no lists and that refuse to
give a value which is unknown yet, numbers as floats, secrets in clear.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

pack = importlib.import_module("policies.__main__")
# A value that AWS gives later.
UNKNOWN = object()


class UnknownValueError(Exception):
    """A policy read a value that is not known before the update."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A resource as the engine knows it: its inputs, checked and completed by the provider, and its outputs."""

    urn: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    dependencies: Sequence[str] = ()
    protect: bool = False
    ignore_changes: Sequence[str] = ()
    delete_before_replace: bool | None = None

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[1]


def build() -> dict[str, Any]:
    """Return what the SDK's classes are given, by the pack's own code."""
    built: dict[str, Any] = pack.build(
        SimpleNamespace(
            PolicyPack=dict,
            ResourceValidationPolicy=dict,
            StackValidationPolicy=dict,
            EnforcementLevel=SimpleNamespace(MANDATORY="mandatory"),
            proxy=SimpleNamespace(UnknownValueError=UnknownValueError),
        )
    )
    return built


def reported(resources: Iterable[Given], *policies: str, visited: Callable[[Given], bool] = bool) -> list[str]:
    """Return what these policies report, all of them where none is named; `visited` are the resources of this run.

    Of a policy that met an unknown value Pulumi says so, beside what the policy had reported.
    """
    given = list(resources)
    collecting, *others = build()["policies"]
    found: list[str] = []
    for each in filter(visited, given):
        collecting["validate"](_argument(each, each.inputs), found.append)
    stack = SimpleNamespace(resources=[_argument(each, each.outputs) for each in given])
    for policy in others:
        if not policies or policy["name"] in policies:
            try:
                policy["validate"](stack, found.append)
            except UnknownValueError:
                found.append(f"can't run {policy['name']}")
    return found


def changed(
    resources: Iterable[Given], type_: str, change: Callable[[dict[str, Any]], object], name: str | None = None
) -> list[Given]:
    """Return the resources with the inputs of one changed: the first of this type, or the one of this name."""
    copies = list(resources)
    index = next(i for i, each in enumerate(copies) if each.type == type_ and name in (None, each.name))
    inputs = _copied(copies[index].inputs)
    change(inputs)
    copies[index] = replace(copies[index], inputs=inputs)
    return copies


def _argument(each: Given, values: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(urn=each.urn, resource_type=each.type, name=each.name, props=_Mapping(values))


def _copied(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _copied(value) for key, value in node.items()}
    return [_copied(each) for each in node] if isinstance(node, list) else node


def _handed_over(value: Any) -> Any:
    if value is UNKNOWN:
        raise UnknownValueError
    if isinstance(value, Mapping):
        return _Mapping(value)
    if isinstance(value, list):
        return _Sequence(value)
    return float(value) if type(value) is int else value


class _Mapping(Mapping[str, Any]):
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        return _handed_over(self._values[key])

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Sequence(Sequence[Any]):
    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def __getitem__(self, index: Any) -> Any:
        return _handed_over(self._values[index])

    def __len__(self) -> int:
        return len(self._values)
