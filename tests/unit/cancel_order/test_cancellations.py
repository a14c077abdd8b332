"""The use case: what is stored is published within its time; what is not new is not published again."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from tests.unit.scripted_publisher import Publisher

from cancel_order.cancellations import Canceled, Cancellation, CancelOrder, Stored, cancel_order
from contracts.errors import IdempotencyKeyReusedError, OrderPaidError
from contracts.events import OrderCanceled
from contracts.topology import ORDER_CANCELED_ROUTING_KEY, ORDER_CANCELED_TYPE, ORDERS_EXCHANGE
from outbox import RELAY_MARGIN_S
from rabbitmq import BrokerUnavailableError, NackedError

ORDER_ID = UUID("0198f8a0-0000-7000-8000-000000000009")
COMMAND = CancelOrder(
    order_id=ORDER_ID,
    customer_id="demo",
    idempotency_key="k",
    trace_headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
)
NEW = Stored(response_body="{}", has_event=True)


@dataclass
class Repository:
    """Answers what it is given, or raises it; keeps outbox rows."""

    answer: Stored | Exception = NEW
    outbox: list[UUID] = field(default_factory=list)
    due_in_s: float = 0.0
    stored: list[Cancellation] = field(default_factory=list)

    def cancel(self, cancellation: Cancellation, *, due_in_s: float) -> Stored:
        self.due_in_s = due_in_s
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer.has_event:
            self.outbox.append(cancellation.outbox_id)
            self.stored.append(cancellation)
        return self.answer

    def delete_published(self, outbox_id: UUID) -> None:
        self.outbox.remove(outbox_id)


def send(repository: Repository, publisher: Publisher, *, remaining_s: float = 10.0) -> Canceled:
    return cancel_order(
        COMMAND,
        repository=repository,
        publisher=publisher,
        traced=lambda message: message,
        publish_timeout_s=2.0,
        remaining_s=lambda: remaining_s,
    )


def test_a_cancellation_is_stored_and_its_event_published() -> None:
    repository, publisher = Repository(), Publisher()
    canceled = send(repository, publisher)

    assert canceled == Canceled(response_body="{}", is_replay=False, is_new=True)
    assert repository.outbox == []
    [message], [stored] = publisher.published, repository.stored
    assert (message.exchange, message.routing_key) == (ORDERS_EXCHANGE, ORDER_CANCELED_ROUTING_KEY)
    assert message.properties["type"] == ORDER_CANCELED_TYPE
    assert message.properties["headers"] == COMMAND.trace_headers
    assert message.properties["message_id"] == str(stored.outbox_id)
    event = OrderCanceled.from_json(message.body)
    assert (event.order_id, event.customer_id, event.canceled_at) == (ORDER_ID, "demo", stored.canceled_at)


@pytest.mark.parametrize(
    "publisher",
    [
        Publisher(error=BrokerUnavailableError(" away\n")),
        Publisher(outcome=NackedError(" away\n")),
        Publisher(error=ValueError(" away\n")),
    ],
    ids=["no broker", "nacked", "bug"],
)
def test_what_is_not_published_is_left_to_the_relay(publisher: Publisher) -> None:
    repository = Repository()
    canceled = send(repository, publisher)

    assert canceled == Canceled(response_body="{}", is_replay=False, is_new=True, publish_failure="away")
    assert len(repository.outbox) == 1


def test_a_repetition_gets_the_first_answer_and_publishes_nothing() -> None:
    publisher = Publisher()
    stored = Stored(response_body='{"earlier":true}', request_hash=COMMAND.request_hash())

    assert send(Repository(stored), publisher) == Canceled(
        response_body='{"earlier":true}', is_replay=True, is_new=False
    )
    assert publisher.published == []


def test_an_order_that_is_canceled_already_has_no_second_event() -> None:
    publisher = Publisher()
    canceled = send(Repository(Stored(response_body="{}")), publisher)

    assert canceled == Canceled(response_body="{}", is_replay=False, is_new=False)
    assert publisher.published == []


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (Stored(response_body="{}", request_hash=b"another"), IdempotencyKeyReusedError),
        (OrderPaidError(), OrderPaidError),
    ],
)
def test_a_refusal_publishes_nothing(answer: Stored | Exception, refusal: type[Exception]) -> None:
    publisher = Publisher()
    with pytest.raises(refusal):
        send(Repository(answer), publisher)
    assert publisher.published == []


@pytest.mark.parametrize(("remaining_s", "timeout_s"), [(10.0, 2.0), (1.5, 1.0)])
def test_publishing_leaves_time_for_the_answer(remaining_s: float, timeout_s: float) -> None:
    repository, publisher = Repository(), Publisher()
    send(repository, publisher, remaining_s=remaining_s)

    assert publisher.timeout_s == timeout_s
    # The relay takes over when this invocation must be over.
    assert repository.due_in_s == remaining_s + RELAY_MARGIN_S


def test_the_hash_of_a_cancellation_survives_an_update() -> None:
    """Stored keys hold it, so it stays what it is."""
    assert COMMAND.request_hash().hex() == "d5e838a2ddb856fa7ca999139d50fe6ae8d3c1e494a0e24bd23f178ba0fe51a7"
