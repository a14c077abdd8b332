"""Where the packaged code will run: the Python version and the platform, both from the plan.

Lambda's python3.13 runs on Amazon Linux 2023 (glibc 2.34), which the manylinux tags up to 2.34 fit:
https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html#glibc-gcc-and-binutils
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from packaging.tags import Tag, compatible_tags, cpython_tags

from localregion.package.errors import PackagingError
from localregion.plan.model import Plan

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
# In the order of preference: a package that ships several gives us the one that runs on most.
_MANYLINUX = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")


@dataclass(frozen=True, kw_only=True)
class Target:
    """`platforms` are pip's names for it."""

    python_version: str
    machine: str
    platforms: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"python{self.python_version}-{self.machine}"

    def pip_arguments(self) -> list[str]:
        """Return what makes `pip download` choose wheels for the target."""
        version = self.python_version
        chosen = ["--python-version", version, "--implementation", "cp", "--abi", f"cp{version.replace('.', '')}"]
        return [*chosen, *(word for name in self.platforms for word in ("--platform", name))]

    def tags(self) -> list[Tag]:
        """Return the tags of the wheels that run on the target, the best first (PEP 425)."""
        version = [int(part) for part in self.python_version.split(".")]
        abi = f"cp{self.python_version.replace('.', '')}"
        compiled = cpython_tags(version, abis=[abi], platforms=self.platforms)
        return [*compiled, *compatible_tags(version, abi, self.platforms)]

    def marker_environment(self) -> dict[str, str]:
        """Return what the target says to environment markers (PEP 508): Linux and CPython."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python_version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python_version}.0",
            "python_version": self.python_version,
            "sys_platform": "linux",
        }


def target_of(plan: Plan) -> Target:
    """Return the one runtime and architecture of the plan's functions."""
    found = sorted({(function.runtime, function.architecture) for function in plan.functions})
    if len(found) != 1:
        raise PackagingError(f"the functions of the plan share layers but not one runtime and architecture: {found}")
    ((runtime, architecture),) = found
    if not runtime.startswith("python3.") or architecture not in _MACHINES:
        raise PackagingError(f"cannot package for {runtime} on {architecture}")
    return _lambda_with(runtime.removeprefix("python"), _MACHINES[architecture])


def this_machine() -> Target:
    """Return Lambda's platform with the Python that runs this, on this kind of processor: what runs on this Linux."""
    return _lambda_with(f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())


def _lambda_with(python_version: str, machine: str) -> Target:
    platforms = tuple(f"{manylinux}_{machine}" for manylinux in _MANYLINUX)
    return Target(python_version=python_version, machine=machine, platforms=platforms)
