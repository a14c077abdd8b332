"""What a plugin is, to the code that configures and runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.configuration import Credential
from gateway.exchange import Exchange, Response
from gateway.invoke_client import InvokeClient
from gateway.schema import Errors, Field


class Plugin(Protocol):
    """One configured plugin."""

    async def access(self, exchange: Exchange) -> Response | None:
        """Answer the request, or return None for the next plugin."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What plugins may use beside their configuration."""

    credentials: Mapping[str, Credential]
    invoke_client: InvokeClient


@dataclass(frozen=True, kw_only=True)
class PluginType:
    """A plugin before it is configured; `priority` is Kong's, higher runs first."""

    name: str
    priority: int
    fields: Mapping[str, Field]
    create: Callable[[dict[str, Any], Surroundings], Plugin]
    rules: Callable[[dict[str, Any]], Errors] | None = None
