"""What `cancel_order` needs to know from its environment; `infra/` gives exactly this."""

from dataclasses import dataclass

from postgres import DatabaseSettings
from tracing import TracingSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    database: DatabaseSettings
    tracing: TracingSettings
    broker_endpoint: str
    broker_secret_id: str
    publish_timeout_ms: int
    idempotency_ttl_hours: int
    log_level: str
