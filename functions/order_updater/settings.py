"""What `order_updater` needs to know from its environment; `infra/` gives exactly this."""

from dataclasses import dataclass

from postgres import DatabaseSettings
from tracing import TracingSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    database: DatabaseSettings
    tracing: TracingSettings
    log_level: str
