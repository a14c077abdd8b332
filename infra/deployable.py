"""What only a deployment needs: archives, a certificate, an address for alarms, an account that has what is reserved.

A plan is evaluated without them. Pulumi's engine is stopped before anything is created, with what is to be done.
"""

import json
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

import concurrency
from components.function import ARCHITECTURE, RUNTIME
from configuration import Configuration

# The certificate in Pulumi.prod.yaml, which stands there so that the stack can be planned.
PLACEHOLDER = "certificate/00000000-0000-0000-0000-000000000000"
AUTHORITIES = Path(__file__).resolve().parent.parent / "functions" / "release" / "rds-authorities.pem"
PACKAGE = "make package RUNTIME_PYTHON=python3.13"
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


class NotDeployableError(pulumi.RunError):
    """The stack lacks something that no plan needs; Pulumi prints the message alone."""


def check(config: Configuration, archives: Sequence[Path], manifest: Path) -> None:
    """Refuse a stack that cannot be deployed, unless it is only planned. Raises NotDeployableError."""
    if not _is_planned() and (lacking := [*_lacking(config, archives, manifest)]):
        raise NotDeployableError(f"stack {pulumi.get_stack()} cannot be deployed:\n" + "\n".join(lacking))


def _lacking(config: Configuration, archives: Sequence[Path], manifest: Path) -> Iterator[str]:
    stack = pulumi.get_stack()
    if missing := [path for path in archives if not path.is_file()]:
        names = ", ".join(sorted(path.name for path in missing))
        yield f"- dist/ has no {names}: `{_package(config)}` writes the archives"
    yield from _platform(config, manifest)
    if (config.certificate_arn or "").endswith(PLACEHOLDER):
        yield (
            "- serverless-orders:certificateArn is a placeholder: "
            f"`pulumi config set --stack {stack} serverless-orders:certificateArn arn:aws:acm:…` with your own"
        )
    if config.is_protected and config.alarm_email is None:
        yield (
            "- serverless-orders:alarmEmail is missing, and isProtected is true: alarms would reach no person, "
            f"`pulumi config set --stack {stack} serverless-orders:alarmEmail you@example.com`"
        )
    yield from _authorities(config)
    yield from _concurrency(config)


def _platform(config: Configuration, manifest: Path) -> Iterator[str]:
    """Name archives for another platform: their compiled modules would be missing at the first import."""
    built = json.loads(manifest.read_text()) if manifest.is_file() else {}
    wanted = _here() if _is_here(config) else f"{RUNTIME}-{_MACHINES[ARCHITECTURE]}"
    for other in sorted({each.get("platform", "a platform unknown") for each in built.values()} - {wanted}):
        yield f"- the archives in dist/ are for {other}, this stack runs on {wanted}: `{_package(config)}` builds those"


def _package(config: Configuration) -> str:
    return f"make package STACK={pulumi.get_stack()}" if _is_here(config) else PACKAGE


def _is_here(config: Configuration) -> bool:
    """Tell whether functions run on this machine: AWS's own Invoke API has no address that a stack would name."""
    return config.lambda_endpoint is not None


def _here() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}"


def _authorities(config: Configuration) -> Iterator[str]:
    """Name what `release` could not connect without: the authority that signs the instances of this region."""
    if config.database_ssl_mode != "disable" and f"# Amazon RDS {config.region} Root CA" not in AUTHORITIES.read_text():
        yield (
            f"- functions/release/rds-authorities.pem has no authority of {config.region}: add those in "
            f"https://truststore.pki.rds.amazonaws.com/{config.region}/{config.region}-bundle.pem"
        )


def _concurrency(config: Configuration) -> Iterator[str]:
    if _is_here(config):  # A machine has no quota.
        return
    if config.reserved_concurrency and (quota := concurrency.account_quota()) is not None:
        found = concurrency.shortage(config.reserved_concurrency, quota, stack=pulumi.get_stack())
        yield from () if found is None else (found,)


def _is_planned() -> bool:
    return isinstance(get_monitor(), MockMonitor)
