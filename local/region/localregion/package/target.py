"""Where the packaged code will run: the Python version and the processor, both from the plan."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from localregion.package.errors import PackagingError
from localregion.plan.model import Plan

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
# Lambda's python3.13 runs on Amazon Linux 2023, whose glibc is 2.34:
# https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html#glibc-gcc-and-binutils
_LIBC = "manylinux_2_34"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A version of CPython on a Linux like Lambda's."""

    python_version: str
    machine: str

    @property
    def name(self) -> str:
        return f"python{self.python_version}-{self.machine}"

    def uv_arguments(self) -> list[str]:
        """Return what makes uv choose wheels for the target."""
        return ["--python-version", self.python_version, "--python-platform", f"{self.machine}-{_LIBC}"]


def target_of(plan: Plan) -> Target:
    """Return the one runtime and architecture of the plan's functions."""
    found = sorted({(function.runtime, function.architecture) for function in plan.functions})
    if len(found) != 1:
        raise PackagingError(f"the functions of the plan share layers but not one runtime and architecture: {found}")
    ((runtime, architecture),) = found
    if not runtime.startswith("python3.") or architecture not in _MACHINES:
        raise PackagingError(f"cannot package for {runtime} on {architecture}")
    return Target(python_version=runtime.removeprefix("python"), machine=_MACHINES[architecture])


def this_machine() -> Target:
    """Return Lambda's platform with the Python that runs this, on this kind of processor: what runs on this Linux."""
    return Target(python_version=f"{sys.version_info.major}.{sys.version_info.minor}", machine=platform.machine())
