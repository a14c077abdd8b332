"""Install RabbitMQ from the system's packages when it is missing, without leaving a broker of the system's running.

A broker that ran before is left alone. Where we may not install, InstallError says exactly what to run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from localregion import project
from localregion.errors import CommandError
from localregion.services.rabbitmq import LIBRARY, RabbitMQMissingError, find_script

PACKAGE = "rabbitmq-server"
POLICY = Path("/usr/sbin/policy-rc.d")
# invoke-rc.d: 101 forbids the action (https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt).
_NOTHING_STARTS = "#!/bin/sh\nexit 101\n"


class InstallError(CommandError):
    """RabbitMQ is missing and cannot be installed from here."""


def main(_arguments: Sequence[str]) -> int:
    """`python -m localregion install`."""
    ensure_rabbitmq()
    return 0


def ensure_rabbitmq(*, library: Path = LIBRARY, policy: Path = POLICY) -> None:
    """Install the package unless it is there. Raises InstallError."""
    try:
        find_script(library)
    except RabbitMQMissingError:
        _install(policy)


def _install(policy: Path) -> None:
    prefix = _privileged()
    if prefix is None:
        raise InstallError(instructions())
    print(f"RabbitMQ is not installed; installing the package {PACKAGE} (it will not be started as a service)")
    with _no_service_starts(prefix, policy):
        if not _has_package_lists() or not _apt_install(prefix):
            _run([*prefix, "apt-get", "update"])
            if not _apt_install(prefix):
                raise InstallError(f"`apt-get install {PACKAGE}` failed.\n{instructions()}")


def instructions() -> str:
    """Return what a user with the right to install has to run."""
    again = f"`{project.command('up')}` again"
    if shutil.which("apt-get") is None:
        return f"RabbitMQ is not installed: install your system's package {PACKAGE}, then {again}"
    return (
        "RabbitMQ is not installed and installing it needs root. Run:\n"
        f"    sudo apt-get update && sudo apt-get install --no-install-recommends {PACKAGE}\n"
        f"    sudo systemctl disable --now {PACKAGE}    # the project runs its own\n"
        f"then {again}."
    )


def _privileged() -> list[str] | None:
    """Return the prefix that makes a command run as root, None when nothing does without a password."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    if shutil.which("sudo") is None or subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode:
        return None
    return sudo


def _has_package_lists() -> bool:
    known = subprocess.run(["apt-cache", "show", PACKAGE], capture_output=True, check=False)
    return known.returncode == 0


def _apt_install(prefix: Sequence[str]) -> bool:
    options = ["--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    return _run([*prefix, *environment, "apt-get", "install", *options, PACKAGE]) == 0


@contextlib.contextmanager
def _no_service_starts(prefix: Sequence[str], policy: Path) -> Iterator[None]:
    """Forbid Debian's maintainer scripts to start services, unless the machine has a policy of its own."""
    if policy.exists():
        yield
        if _is_active():
            _run([*prefix, "systemctl", "disable", "--now", PACKAGE])
        return
    _run([*prefix, "tee", str(policy)], text=_NOTHING_STARTS)
    _run([*prefix, "chmod", "755", str(policy)])
    try:
        yield
    finally:
        _run([*prefix, "rm", "-f", str(policy)])
        # Else the broker would start with the next boot of the machine.
        _disable(prefix)


def _is_active() -> bool:
    if shutil.which("systemctl") is None:
        return False
    done = subprocess.run(["systemctl", "is-active", "--quiet", PACKAGE], capture_output=True, check=False)
    return done.returncode == 0


def _disable(prefix: Sequence[str]) -> None:
    if shutil.which("systemctl") is not None:
        _run([*prefix, "systemctl", "disable", PACKAGE])


def _run(argv: Sequence[str], *, text: str | None = None) -> int:
    print(f"+ {' '.join(argv)}", flush=True)
    quiet = subprocess.DEVNULL if text is not None else sys.stdout
    return subprocess.run(argv, input=text, text=True, stdout=quiet, check=False).returncode
