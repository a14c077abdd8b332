"""Say how large everything is, and refuse what Lambda would refuse.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from collections.abc import Mapping

from localregion.package.artefact import below_dist, own_layers
from localregion.package.errors import PackagingError
from localregion.package.manifest import Built
from localregion.plan.model import Function, Plan

UNZIPPED_MAX = 250 * 1024 * 1024  # a function with all its layers
ZIPPED_MAX = 50 * 1024 * 1024  # one archive, uploaded without a bucket
_LARGEST = 8


def table(plan: Plan, built: Mapping[str, Built]) -> str:
    """Return archives, the largest packages in them, and what each function weighs with its layers."""
    lines = [f"{'archive':38}{'zipped':>11}{'unzipped':>11}"]
    for path, archive in built.items():
        lines.append(f"{path:38}{_kb(archive.zipped)}{_kb(archive.unzipped)}")
        lines += [f"  {name:47}{_kb(unzipped)}" for name, unzipped in _largest(archive)]
    lines.append(f"{'function with its layers':38}{'':11}{'unzipped':>11}")
    lines += [f"{function.name:49}{_kb(unzipped_size(function, built))}" for function in plan.functions]
    return "\n".join(lines)


def refuse_oversize(plan: Plan, built: Mapping[str, Built]) -> None:
    """Raises PackagingError beyond Lambda's limits. Layers that are ARNs count there and are unknown here."""
    for path, archive in built.items():
        if archive.zipped > ZIPPED_MAX:
            raise PackagingError(f"{path} has{_kb(archive.zipped)} zipped, Lambda takes{_kb(ZIPPED_MAX)}")
    for function in plan.functions:
        if (unzipped := unzipped_size(function, built)) > UNZIPPED_MAX:
            largest = max(own_layers(function), key=lambda layer: built[below_dist(layer)].unzipped)
            raise PackagingError(
                f"{function.name} has{_kb(unzipped)} unzipped with its layers, Lambda takes{_kb(UNZIPPED_MAX)}; "
                f"the largest is {below_dist(largest)}"
            )


def unzipped_size(function: Function, built: Mapping[str, Built]) -> int:
    return sum(built[below_dist(path)].unzipped for path in [function.code, *own_layers(function)])


def _largest(archive: Built) -> list[tuple[str, int]]:
    """Return the largest packages; none for an archive of our own modules alone."""
    if set(archive.packages) == {"(ours)"}:
        return []
    return sorted(archive.packages.items(), key=lambda package: -package[1])[:_LARGEST]


def _kb(size: int) -> str:
    return f"{size / 1024:8,.0f} KB"
