"""prometheus: taken as it is configured for Kong, whose status port has the metrics; this gateway has no such port.

It changes nothing that a client or a function sees, in Kong neither.
"""

from __future__ import annotations

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import Field
from localregion.kong.plugin import Plugin, PluginType, Surroundings

FIELDS = {
    name: Field(kind="boolean", default=False)
    for name in (
        "per_consumer",
        "status_code_metrics",
        "ai_metrics",
        "latency_metrics",
        "bandwidth_metrics",
        "upstream_health_metrics",
    )
}


def _create(_configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    return Plugin()


PLUGIN = PluginType(name="prometheus", priority=13, fields=FIELDS, create=_create)
