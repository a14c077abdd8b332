"""How a function reaches Postgres: one live connection per execution environment, safe behind RDS Proxy."""

from postgres.connection import Database, DatabaseSettings

__all__ = ["Database", "DatabaseSettings"]
