"""Resources as the policies see them: what Pulumi gave to the analysis of each one, with a few of its outputs.

Pulumi's engine gives a policy of one resource the inputs, as the provider has checked and completed them. A policy of
the stack is given the outputs: what AWS made of the inputs, empty values included, and nothing at all of components.
So the inputs are kept while the engine goes through the resources, and the policies of the stack read those.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.model import Resource, Stack

# What resources are known by to others; no input has it.
OUTPUTS = ("arn", "id", "version")


class Collected:
    """The inputs of one run's resources, by URN."""

    def __init__(self) -> None:
        self._inputs: dict[str, Mapping[str, Any]] = {}

    def keep(self, urn: str, inputs: Mapping[str, Any]) -> None:
        """Keep a resource's inputs."""
        self._inputs[urn] = inputs

    def stack(self, args: Any) -> Stack:
        """Return the stack of a stack policy's arguments."""
        return Stack(name=_stack_name(args), resources=[self._resource(given) for given in args.resources])

    def visited(self, resource: Resource) -> bool:
        """Tell whether this run goes through the resource: `--target` leaves out others, which only have outputs."""
        return resource.urn in self._inputs

    def _resource(self, given: Any) -> Resource:
        inputs = self._inputs.get(given.urn)
        properties = given.props if inputs is None else _Properties(inputs, given.props)
        return Resource(type=given.resource_type, name=given.name, properties=properties, urn=given.urn)


class _Properties(Mapping[str, Any]):
    """Inputs and chosen outputs. Each is read when it is asked for: reading one that is unknown yet ends a policy."""

    def __init__(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        chosen = [key for key in outputs if key in OUTPUTS]
        self._holders = {**dict.fromkeys(chosen, outputs), **dict.fromkeys(inputs, inputs)}

    def __getitem__(self, key: str) -> Any:
        value = self._holders[key][key]
        # Numbers arrive as protobuf has them.
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._holders)

    def __len__(self) -> int:
        return len(self._holders)


def _stack_name(args: Any) -> str:
    """Return the stack's name: a URN is `urn:pulumi:<stack>::<project>::…`."""
    return next((str(given.urn).split("::")[0].removeprefix("urn:pulumi:") for given in args.resources), "")
