"""How a function reaches Postgres: one live connection per execution environment, safe behind RDS Proxy."""

from postgres.connection import UNAVAILABLE, Database, DatabaseSettings

__all__ = ["UNAVAILABLE", "Database", "DatabaseSettings"]
