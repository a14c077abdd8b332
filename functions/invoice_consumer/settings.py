"""What `invoice_consumer` needs to know from its environment; `infra/` gives exactly this."""

from dataclasses import dataclass

from postgres import DatabaseSettings
from tracing import TracingSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    database: DatabaseSettings
    tracing: TracingSettings
    invoice_due_days: int
    log_level: str
