"""Where mappings get their messages in a region: the broker that runs, and logins of the secrets that were deployed."""

from __future__ import annotations

from localregion.aws.event_source_mappings.sources import Login
from localregion.aws.lambda_.registry.deployment import secret_name
from localregion.plan.model import Plan


class PlanResolver:
    """Brokers and secrets as the last plan has them, resolved."""

    def __init__(self, plan: Plan, broker_url: str) -> None:
        self._plan = plan
        self._broker_url = broker_url

    def take(self, plan: Plan) -> None:
        self._plan = plan

    def login(self, secret_arn: str) -> Login | None:
        fields = self._plan.secrets.get(secret_name(secret_arn), {})
        if {"username", "password"} - fields.keys():
            return None
        return Login(username=fields["username"], password=fields["password"])

    def broker_url(self, broker_arn: str) -> str | None:
        """There is one broker at most; one of another account or region it is not."""
        is_here = broker_arn.startswith(f"arn:aws:mq:{self._plan.region}:{self._plan.account}:")
        return self._broker_url if is_here and self._plan.broker is not None else None
