"""A stack before and after a change of its configuration, and what the engine would find to do."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.infra.engine import Given
from tests.infra.planned import planned
from tests.infra.program import configure, copy_program

from localregion import project
from localregion.plan.evaluate import evaluate
from localregion.plan.mocks import AwsMocks

Evaluate = Callable[..., list[Given]]


def evaluation(folder: Path) -> Evaluate:
    """Return what evaluates a copy of the program in `folder` for a stack with some keys changed."""
    copies = iter(range(100))

    def evaluated(stack: str, mocks: type[AwsMocks] = AwsMocks, **changes: Any) -> list[Given]:
        root = folder / str(next(copies))
        root.mkdir()
        configure(copy_program(root), stack, **changes)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("localregion.plan.evaluate.AwsMocks", mocks)
            return planned(stack, evaluate(project.read(root), stack)[0])

    return evaluated


def of_type(resources: Iterable[Given], type_: str) -> dict[str, Given]:
    """Return the resources of a type by name; AssertionError when there is none."""
    found = {each.name: each for each in resources if each.type == type_}
    assert found, type_
    return found


def differences(before: Iterable[Given], after: Iterable[Given]) -> dict[str, set[str]]:
    """Return by type and name which inputs differ; `made` and `gone` for a resource that only one of the two has.

    Resources of AWS only: what components say of themselves changes nothing.
    """
    old, new = _inputs(before), _inputs(after)
    found = {key: {"gone"} for key in old.keys() - new.keys()} | {key: {"made"} for key in new.keys() - old.keys()}
    for key in old.keys() & new.keys():
        if changed := {path for path, _ in set(_flat(old[key])) ^ set(_flat(new[key]))}:
            found[key] = changed
    return found


def _inputs(resources: Iterable[Given]) -> dict[str, Mapping[str, Any]]:
    return {f"{each.type} {each.name}": each.inputs for each in resources if each.type.startswith("aws:")}


def _flat(node: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            if key != "__defaults":
                yield from _flat(value, f"{path}.{key}" if path else key)
    elif path not in _GENERATED and type(node) is not object:
        yield path, repr(node)


# Another value at each evaluation, which the engine ignores (`ignore_changes`); archives are objects.
_GENERATED = frozenset({"secretString"})
