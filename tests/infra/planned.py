"""The resources of the program as it is now, in the form in which the engine would hand them to the policies.

The mocks know a resource's own inputs. What the provider adds when it checks them is taken from a recorded deployment:
the defaults that it fills in, by type and, where there is the same resource, by name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pulumi
from pulumi import ResourceTransform
from tests.infra.crosswalk import below
from tests.infra.engine import Given
from tests.infra.recording import as_it_was

from localregion.plan import mocks
from policies.model import DEFAULTS


def planned(stack: str, evaluated: Iterable[mocks.Resource]) -> list[Given]:
    """Return what the engine would have of these evaluated resources."""
    recorded = as_it_was("prod")
    return [_completed(given, _alike(given, recorded)) for each in evaluated for given in _given(stack, each)]


def _given(stack: str, resource: mocks.Resource) -> Iterator[Given]:
    """Yield a resource, without the inputs that Pulumi drops for components of a package, and what is below it."""
    inputs = plain(resource.inputs)
    urn = f"urn:pulumi:{stack}::serverless-orders::{resource.type}::{resource.name}"
    shown = {} if resource.type.startswith("awsx:") else inputs
    outputs = {} if resource.is_component else {**plain(resource.outputs), "id": resource.id}
    yield Given(
        urn=urn,
        inputs=shown,
        outputs=outputs,
        parent=resource.parent,
        protect=resource.protect,
        ignore_changes=resource.ignore_changes,
        delete_before_replace=resource.delete_before_replace,
    )
    for made in below(resource.type, resource.name, inputs):
        made_urn = f"urn:pulumi:{stack}::serverless-orders::{resource.type}${made.type}::{made.name}"
        given = Given(urn=made_urn, inputs=made.inputs, outputs={**made.inputs, "id": made.id}, parent=urn)
        yield _transformed(given, resource.transforms)


def _transformed(given: Given, transforms: Iterable[ResourceTransform]) -> Given:
    """Return a resource below a component as the component's transforms have it."""
    for transform in transforms:
        options = pulumi.ResourceOptions(ignore_changes=list(given.ignore_changes))
        asked = pulumi.ResourceTransformArgs(True, given.type, given.name, dict(given.inputs), options)
        if (answer := transform(asked)) is not None:
            assert isinstance(answer, pulumi.ResourceTransformResult)
            given = replace(given, inputs=answer.props, ignore_changes=answer.opts.ignore_changes or ())
    return given


def _alike(given: Given, recorded: Iterable[Given]) -> Given | None:
    of_type = [each for each in recorded if each.type == given.type]
    return next((each for each in of_type if each.name == given.name), of_type[0] if of_type else None)


def _completed(given: Given, like: Given | None) -> Given:
    inputs = _filled_in(given.inputs, like.inputs if like else {})
    if "name" in inputs.get(DEFAULTS, ()):
        inputs["name"] = given.outputs["name"]
    return replace(given, inputs=inputs)


def _filled_in(node: Any, like: Any) -> Any:
    if isinstance(node, list):
        return [_filled_in(each, like[0] if isinstance(like, list) and like else None) for each in node]
    if not isinstance(node, Mapping) or not isinstance(like, Mapping) or DEFAULTS not in like:
        return node
    added = {key: like[key] for key in like[DEFAULTS] if key not in node}
    return {**{key: _filled_in(value, like.get(key)) for key, value in node.items()}, **added, DEFAULTS: sorted(added)}


def plain(node: Any) -> Any:
    """Return a value with secrets in clear, archives as something of their own, whole numbers whole."""
    if mocks.is_secret(node):
        return plain(node["value"])
    if isinstance(node, Mapping):
        return object() if mocks.is_archive(node) else {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(each) for each in node]
    return int(node) if isinstance(node, float) and node.is_integer() else node
