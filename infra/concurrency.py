"""What functions reserve of the account's concurrent executions, and what Lambda leaves to reserve.

Lambda keeps 100 executions unreserved. The quota of a new account can be 10, all of which stay unreserved then: nothing
can be reserved there. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html says 100; that it is
10 (or 50) in new accounts is what AWS answers: "decreases account's UnreservedConcurrentExecution below its minimum
value of [10]".
"""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

import values

QUOTA = 1_000
UNRESERVED_MIN = 100
# A second relay at once brings nothing: both would take rows in turn, and events would leave out of order.
RUN_ONCE = {"outbox_relay": 1, "invoices_relay": 1}
# "Concurrent executions" in Service Quotas.
QUOTA_CODE = "L-B99A9384"


def read_quota(config: pulumi.Config) -> int:
    """Return the account's quota in the region as the stack says it. Raises ConfigurationError."""
    return values.integer(config, "accountConcurrency", at_least=10, at_most=1_000_000, default=QUOTA)


def read_reserved(config: pulumi.Config, functions: frozenset[str]) -> Mapping[str, int]:
    """Return what each function reserves: nothing at all in an account whose quota leaves nothing to reserve."""
    named: Any = config.get_object("reservedConcurrency", {})
    if (
        not isinstance(named, dict)
        or not all(type(count) is int and count >= 0 for count in named.values())
        or not named.keys() <= functions
    ):
        raise values.refuse(config, "reservedConcurrency", named, "a map of function names to numbers")
    quota, reserved = read_quota(config), {**RUN_ONCE, **named}
    if quota <= UNRESERVED_MIN:
        return {}
    if sum(reserved.values()) > quota - UNRESERVED_MIN:
        wanted = f"{quota - UNRESERVED_MIN} together with the relays' 1 each: Lambda keeps {UNRESERVED_MIN} of {quota}"
        raise values.refuse(config, "reservedConcurrency", named, f"at most {wanted} (accountConcurrency) unreserved")
    return reserved


def account_quota() -> int | None:
    """Return the quota that the account really has; None, with a warning, where these credentials may not ask."""
    try:
        quota = aws.servicequotas.get_service_quota(service_code="lambda", quota_code=QUOTA_CODE)
    except Exception as error:  # What the engine says of a call that failed is a bare Exception.
        pulumi.log.warn(
            "Lambda's quota of concurrent executions could not be read, so it is not known whether AWS takes what the "
            f"functions reserve (the right is servicequotas:GetServiceQuota): {error}"
        )
        return None
    return int(quota.value)


def shortage(reserved: Mapping[str, int], quota: int, *, stack: str) -> str | None:
    """Return what to do when the account cannot give what the functions reserve, None when it can."""
    total = sum(reserved.values())
    if total == 0 or total <= quota - UNRESERVED_MIN:
        return None
    return (
        f"- the account's quota of concurrent executions is {quota}, the functions reserve {total}, and Lambda keeps "
        f"{UNRESERVED_MIN} unreserved: `aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code {QUOTA_CODE} --desired-value {max(QUOTA, total + UNRESERVED_MIN)}`, or until it is granted "
        f"`pulumi config set --stack {stack} serverless-orders:accountConcurrency {quota}`"
        + (", with which nothing is reserved" if quota <= UNRESERVED_MIN else " and less in reservedConcurrency")
    )
