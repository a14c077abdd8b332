"""How a mapping is doing, in AWS's words: State, StateTransitionReason and LastProcessingResult.

https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html; the reasons are those of
https://docs.aws.amazon.com/lambda/latest/dg/services-mq-errors.html.
"""

from __future__ import annotations

from dataclasses import dataclass

from localregion.aws.amqp.connection import BrokerRefusedError

# 404 NOT_FOUND, 405 RESOURCE_LOCKED (an exclusive queue), 530 NOT_ALLOWED (no such virtual host), 540 NOT_IMPLEMENTED.
_REASONS = dict.fromkeys((404, 405, 530, 540), "ESM_CONFIG_NOT_VALID")


@dataclass
class PollerStatus:
    """What the API and the status page show, in AWS's words."""

    state: str
    reason: str = "USER_INITIATED"
    last_result: str = "No records processed"
    batches: int = 0
    messages: int = 0
    dropped: int = 0
    in_flight: int = 0
    largest_payload_bytes: int = 0


def transition_reason(refusal: BrokerRefusedError) -> str | None:
    """Return AWS's StateTransitionReason for a refusal, None when it is no matter of configuration."""
    if refusal.code == 403:
        return "EVENT_SOURCE_AUTHZ_ERROR" if refusal.logged_in else "EVENT_SOURCE_AUTHN_ERROR"
    if refusal.code == 530 and "not found" not in refusal.text:
        return "EVENT_SOURCE_AUTHZ_ERROR"
    return _REASONS.get(refusal.code)
