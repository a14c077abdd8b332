"""What only a deployment needs: archives, a certificate, an address for alarms, an account that has what is reserved.

A plan is evaluated without them. Pulumi's engine is stopped before anything is created, with what is to be done.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

import concurrency
from configuration import Configuration

# The certificate in Pulumi.prod.yaml, which stands there so that the stack can be planned.
PLACEHOLDER = "certificate/00000000-0000-0000-0000-000000000000"
AUTHORITIES = Path(__file__).resolve().parent.parent / "functions" / "release" / "rds-authorities.pem"
PACKAGE = "make package RUNTIME_PYTHON=python3.13"


class NotDeployableError(pulumi.RunError):
    """The stack lacks something that no plan needs; Pulumi prints the message alone."""


def check(config: Configuration, archives: Sequence[Path]) -> None:
    """Refuse a stack that cannot be deployed, unless it is only planned. Raises NotDeployableError."""
    if not _is_planned() and (lacking := [*_lacking(config, archives)]):
        raise NotDeployableError(f"stack {pulumi.get_stack()} cannot be deployed:\n" + "\n".join(lacking))


def _lacking(config: Configuration, archives: Sequence[Path]) -> Iterator[str]:
    stack = pulumi.get_stack()
    if missing := [path for path in archives if not path.is_file()]:
        names = ", ".join(sorted(path.name for path in missing))
        yield f"- dist/ has no {names}: `{PACKAGE}` writes the archives"
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


def _authorities(config: Configuration) -> Iterator[str]:
    """Name what `release` could not connect without: the authority that signs the instances of this region."""
    if config.database_ssl_mode != "disable" and f"# Amazon RDS {config.region} Root CA" not in AUTHORITIES.read_text():
        yield (
            f"- functions/release/rds-authorities.pem has no authority of {config.region}: add those in "
            f"https://truststore.pki.rds.amazonaws.com/{config.region}/{config.region}-bundle.pem"
        )


def _concurrency(config: Configuration) -> Iterator[str]:
    if config.reserved_concurrency and (quota := concurrency.account_quota()) is not None:
        found = concurrency.shortage(config.reserved_concurrency, quota, stack=pulumi.get_stack())
        yield from () if found is None else (found,)


def _is_planned() -> bool:
    return isinstance(get_monitor(), MockMonitor)
