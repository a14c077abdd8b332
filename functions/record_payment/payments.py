"""Record what a provider tells, once, and with it the invoice's status and the event of a change.

What fits no invoice or no payment is kept as unmatched, with the reason, and answered with 200. A provider repeats a
webhook that is answered otherwise for days, and no one looks at it here meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from outbox import RELAY_MARGIN_S, Publisher, publish_now
from payments.notices import Notice
from payments.recording import Event, Invoice, Outcome, event_of
from rabbitmq import Message


class PaymentRepository(Protocol):
    def record(self, notice: Notice, *, event_of: Callable[[Invoice], Event], due_in_s: float) -> Outcome: ...
    def delete_published(self, outbox_id: UUID) -> None: ...


def record_payment(
    notice: Notice,
    *,
    repository: PaymentRepository,
    publisher: Publisher,
    traced: Callable[[Message], Message],
    publish_timeout_s: float,
    remaining_s: Callable[[], float],
) -> tuple[Outcome, str | None]:
    """Record it and publish the event of a change; returns the outcome, and why the event is left to the relay.

    `traced` puts a trace context below the order's into the event's message. Raises what the repository raises.
    """
    outcome = repository.record(
        notice,
        event_of=lambda invoice: event_of(invoice, traced=traced),
        due_in_s=remaining_s() + RELAY_MARGIN_S,
    )
    event = outcome.event
    if event is None:
        return outcome, None
    failure = publish_now(
        event.message,
        publisher=publisher,
        delete_row=lambda: repository.delete_published(event.outbox_id),
        timeout_s=publish_timeout_s,
        remaining_s=remaining_s,
    )
    return outcome, failure
