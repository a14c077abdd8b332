"""What `operations` needs to know from its environment; `infra/` gives exactly this."""

from dataclasses import dataclass

from postgres import DatabaseSettings
from tracing import TracingSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    database: DatabaseSettings
    tracing: TracingSettings
    log_level: str
    customers_bucket: str
    customers_key: str
    requests_per_second_max: int
