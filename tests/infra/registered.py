"""Build components under mocks and look at what they registered, afterwards and as plain data.

Assertions inside `apply` pass silently when the output is unknown or not awaited. Here the program runs to its end
first, an unknown input is an error, and asking for a resource that is not there is one too.
"""

from collections.abc import Callable
from typing import Any

from localregion.plan.evaluate import record
from localregion.plan.mocks import AwsMocks, RecordingMonitor, Resource, is_secret


class Registered:
    """The resources that one program registered."""

    def __init__(self, resources: list[Resource]) -> None:
        self.resources = resources

    def all(self, type_: str) -> list[Resource]:
        """Return the resources of a type such as `aws:iam/role:Role`; AssertionError when there is none."""
        found = [resource for resource in self.resources if resource.type == type_]
        assert found, f"no {type_} among {sorted({resource.type for resource in self.resources})}"
        return found

    def one(self, type_: str, name: str | None = None) -> Resource:
        """Return the only resource of a type, or of a type and name."""
        found = [resource for resource in self.all(type_) if name in (None, resource.name)]
        assert len(found) == 1, f"{len(found)} of {type_} {name or ''}"
        return found[0]


def register(program: Callable[[], object], config: dict[str, str] | None = None) -> Registered:
    """Run `program`, wait for everything it registers, and return that."""
    monitor = RecordingMonitor(AwsMocks(region="us-east-1"))
    record(program, monitor=monitor, project="serverless-orders", stack="test", config=config or {})
    return Registered(monitor.recorded)


def revealed(node: Any) -> Any:
    """Return what Pulumi marked secret; AssertionError when it is not marked."""
    assert is_secret(node), f"{node!r} is not marked secret"
    return node["value"]
