"""What a plugin is, to the code that configures and runs it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localregion.kong.config.configuration import Credential, PluginConfiguration
from localregion.kong.config.schema import Errors, Field
from localregion.kong.counters import Counters
from localregion.kong.lambda_.invoke_client import InvokeClient
from localregion.kong.request.exchange import Exchange, Response

Access = Callable[[Exchange], Awaitable[Response | None]]
HeaderFilter = Callable[[Exchange, Response], None]
Log = Callable[[Exchange, Response], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """One configured plugin: what it does in each of Kong's phases; None where it does nothing.

    `access` answers the request or returns None for the next plugin. `header_filter` changes the response's headers,
    also those of an answer by which an earlier plugin refused the request. `log` runs when the response is on its way.
    """

    access: Access | None = None
    header_filter: HeaderFilter | None = None
    log: Log | None = None


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What plugins may use beside their configuration."""

    credentials: Mapping[str, Credential]
    invoke_client: InvokeClient
    counters: Counters = field(default_factory=Counters)
    environ: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    # What has to be sent before the gateway ends, within that many seconds.
    on_stop: list[Callable[[float], Awaitable[None]]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class PluginType:
    """A plugin before it is configured; `priority` is Kong's, higher runs first."""

    name: str
    priority: int
    fields: Mapping[str, Field]
    create: Callable[[PluginConfiguration, Surroundings], Plugin]
    rules: Callable[[dict[str, Any]], Errors] | None = None
