"""What was created and has to run, read from moto: secrets, brokers, databases, schedules, services, buckets."""

from __future__ import annotations

from typing import Any


class Resources:
    def __init__(self, account: str) -> None:
        self._account = account

    def as_json(self) -> dict[str, Any]:
        return {}
