"""What mappings refer to: a broker by its ARN, and a login for it by a secret.

In a plan there is one broker, and a secret is known by its name. What is deployed by calls names both by ARN, and they
may come later than the mapping: then it waits for them as AWS's does, with its reason shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from localregion.aws.amqp.connection import BrokerRefusedError
from localregion.aws.http.errors import invalid_parameter_value
from localregion.aws.secrets_manager import find_secret, secret_arn
from localregion.plan.model import Plan


@dataclass(frozen=True, kw_only=True)
class Login:
    """The fields of a BASIC_AUTH secret."""

    username: str
    password: str


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """The broker as the mapping reaches it: `url` without credentials, and the fields of the BASIC_AUTH secret."""

    arn: str
    url: str
    username: str
    password: str


class Sources(Protocol):
    """What `Mappings` asks; `secret` is what a mapping keeps of its secret."""

    def check_broker(self, arn: str) -> None:
        """Raise LambdaApiError for what can be no broker here."""

    def check_secret(self, secret: str) -> None:
        """Raise LambdaApiError for what can be no login."""

    def secret_of(self, uri: str) -> str:
        """Return what is kept of a secret that a request names."""

    def uri_of(self, secret: str) -> str:
        """Return how a mapping's secret is shown."""

    def source(self, arn: str, secret: str) -> EventSource:
        """Return where to connect. Raises BrokerRefusedError for what is not there (yet)."""


class PlanSources:
    """The broker and the secrets of a plan."""

    def __init__(self, plan: Plan, broker_url: str = "") -> None:
        self._plan = plan
        self._broker_url = broker_url

    def check_broker(self, arn: str) -> None:
        if arn != broker_arn(self._plan):
            raise invalid_parameter_value(f"Unrecognized event source, the broker here is {broker_arn(self._plan)}.")

    def check_secret(self, secret: str) -> None:
        if {"username", "password"} - self._plan.secrets.get(secret, {}).keys():
            raise _no_login(secret)

    def secret_of(self, uri: str) -> str:
        return find_secret(self._plan, uri) or uri

    def uri_of(self, secret: str) -> str:
        return secret_arn(self._plan, secret)

    def source(self, arn: str, secret: str) -> EventSource:
        fields = self._plan.secrets[secret]
        return EventSource(arn=arn, url=self._broker_url, username=fields["username"], password=fields["password"])


class ResolvesSources(Protocol):
    """Knows what was deployed beside functions; both answer None for what is not there."""

    def login(self, secret_arn: str) -> Login | None: ...
    def broker_url(self, broker_arn: str) -> str | None: ...


class DeployedSources:
    """Brokers and secrets that were deployed, by ARN. Whether they are there is asked at each connection."""

    def __init__(self, resolver: ResolvesSources) -> None:
        self._resolver = resolver

    def check_broker(self, arn: str) -> None:
        if not arn.startswith("arn:aws:mq:"):
            raise invalid_parameter_value(f"Unrecognized event source, only Amazon MQ brokers are emulated: {arn}")

    def check_secret(self, secret: str) -> None:
        if not secret:
            raise _no_login(secret)

    def secret_of(self, uri: str) -> str:
        return uri

    def uri_of(self, secret: str) -> str:
        return secret

    def source(self, arn: str, secret: str) -> EventSource:
        url, login = self._resolver.broker_url(arn), self._resolver.login(secret)
        if url is None:
            raise BrokerRefusedError(404, f"there is no broker {arn}", logged_in=False)
        if login is None:
            raise BrokerRefusedError(403, f"no login stands in {secret}", logged_in=False)
        return EventSource(arn=arn, url=url, username=login.username, password=login.password)


def broker_arn(plan: Plan) -> str:
    """Return the ARN that stands for a plan's broker on this machine."""
    return f"arn:aws:mq:{plan.region}:{plan.account}:broker:{plan.stack}:b-{plan.stack}"


def _no_login(secret: str) -> Exception:
    return invalid_parameter_value(
        "SourceAccessConfigurations of an Amazon MQ event source need a BASIC_AUTH secret with username and "
        f"password; {secret or 'none'} is not one."
    )
