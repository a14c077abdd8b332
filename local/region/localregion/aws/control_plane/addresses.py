"""Where on this machine runs what the control plane describes."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """A program's outputs are made of them, so they have to work here."""

    broker_endpoint: str
    broker_management_url: str
    database_host: str
    database_port: int
    gateway: str

    @classmethod
    def parse(cls, text: str) -> Addresses:
        """Raises ValueError for anything but a JSON object with all of them."""
        fields = json.loads(text)
        try:
            return cls(
                broker_endpoint=fields["broker.endpoint"],
                broker_management_url=fields["broker.management_url"],
                database_host=fields["database.host"],
                database_port=int(fields["database.port"]),
                gateway=fields["gateway"],
            )
        except KeyError as error:
            raise ValueError(f"the addresses lack {error}") from error
