"""What `release` needs to know from its environment; `infra/` gives exactly this."""

from dataclasses import dataclass

from postgres import DatabaseSettings
from tracing import TracingSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`database` is the instance itself, not the proxy, with the master user: migrations take locks and set roles."""

    database: DatabaseSettings
    tracing: TracingSettings
    broker_management_url: str
    broker_admin_secret_id: str
    log_level: str
