"""Pure: a mapping as Lambda's API shows it, and as the status page does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from localregion.aws.event_source_mappings.running import RunningMapping
from localregion.aws.event_source_mappings.sources import Sources
from localregion.plan.model import Plan


def described(running: RunningMapping, plan: Plan, sources: Sources) -> dict[str, Any]:
    """Return what GetEventSourceMapping answers."""
    mapping, arn = running.mapping, f"arn:aws:lambda:{plan.region}:{plan.account}"
    # A mapping outlives its function.
    function_arn = f"{arn}:function:{mapping.function}"
    shown = {
        "UUID": running.mapping_id,
        "BatchSize": mapping.batch_size,
        "EventSourceArn": running.deployed.event_source_arn,
        "FunctionArn": f"{function_arn}:{mapping.qualifier}" if mapping.qualifier else function_arn,
        "LastModified": running.modified_at,
        "LastProcessingResult": running.status.last_result,
        "State": running.status.state,
        "StateTransitionReason": running.status.reason,
        "Queues": [mapping.queue],
        "SourceAccessConfigurations": [
            {"Type": "BASIC_AUTH", "URI": sources.uri_of(mapping.secret)},
            {"Type": "VIRTUAL_HOST", "URI": mapping.virtual_host},
        ],
        "EventSourceMappingArn": f"{arn}:event-source-mapping:{running.mapping_id}",
    }
    if mapping.batching_window_s is not None:
        shown["MaximumBatchingWindowInSeconds"] = mapping.batching_window_s
    return shown


def status_of(running: RunningMapping) -> dict[str, Any]:
    """Return what the status page shows."""
    mapping, counted = running.mapping, asdict(running.status)
    return {
        "uuid": running.mapping_id,
        "name": mapping.name,
        "function": mapping.function,
        "queue": mapping.queue,
        "State": counted.pop("state"),
        "StateTransitionReason": counted.pop("reason"),
        **counted,
    }
