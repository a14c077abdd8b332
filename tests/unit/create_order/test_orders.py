"""The use case: what is stored is published within its time, and a failure to publish is never the order's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import pytest
from tests.unit.scripted_publisher import Publisher

from contracts.errors import IdempotencyKeyReusedError
from contracts.orders import CreateOrderRequest
from create_order.orders import Accepted, CreateOrder, NewOrder, StoredResponse, create_order
from rabbitmq import BrokerUnavailableError, NackedError

COMMAND = CreateOrder(
    customer_id="demo",
    request=CreateOrderRequest(amount=1999, currency="BRL"),
    idempotency_key="k",
    trace_headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
)
EARLIER = StoredResponse(order_id=UUID(int=1), request_hash=COMMAND.request_hash(), response_body='{"earlier":true}')


@dataclass
class Repository:
    """Keeps outbox rows; `stored` is what the key was answered before."""

    stored: StoredResponse | None = None
    outbox: list[UUID] = field(default_factory=list)
    due_in_s: float = 0.0

    def insert(self, new: NewOrder, *, due_in_s: float) -> StoredResponse | None:
        if self.stored is None:
            self.outbox.append(new.outbox_id)
        self.due_in_s = due_in_s
        return self.stored

    def delete_published(self, outbox_id: UUID) -> None:
        self.outbox.remove(outbox_id)


def create(repository: Repository, publisher: Publisher, *, remaining_s: float = 10.0) -> Accepted:
    return create_order(
        COMMAND,
        repository=repository,
        publisher=publisher,
        traced=lambda message: message,
        publish_timeout_s=2.0,
        remaining_s=lambda: remaining_s,
    )


def test_a_new_order_is_stored_and_its_event_published() -> None:
    repository, publisher = Repository(), Publisher()
    accepted = create(repository, publisher)

    assert (accepted.is_replay, accepted.publish_failure) == (False, None)
    assert repository.outbox == []
    (message,) = publisher.published
    assert message.properties["headers"] == COMMAND.trace_headers
    assert str(accepted.order_id) in accepted.response_body
    assert str(accepted.order_id).encode() in message.body


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
    accepted = create(repository, publisher)

    assert (accepted.is_replay, accepted.publish_failure) == (False, "away")
    assert len(repository.outbox) == 1


def test_a_repetition_gets_the_first_answer_and_publishes_nothing() -> None:
    publisher = Publisher()
    accepted = create(Repository(stored=EARLIER), publisher)

    assert accepted == Accepted(order_id=EARLIER.order_id, response_body='{"earlier":true}', is_replay=True)
    assert publisher.published == []


def test_a_key_with_another_body_is_refused() -> None:
    other = StoredResponse(order_id=UUID(int=1), request_hash=b"another", response_body="{}")
    publisher = Publisher()
    with pytest.raises(IdempotencyKeyReusedError):
        create(Repository(stored=other), publisher)
    assert publisher.published == []


@pytest.mark.parametrize(("remaining_s", "timeout_s"), [(10.0, 2.0), (1.5, 1.0)])
def test_publishing_leaves_time_for_the_answer(remaining_s: float, timeout_s: float) -> None:
    repository, publisher = Repository(), Publisher()
    create(repository, publisher, remaining_s=remaining_s)

    assert publisher.timeout_s == timeout_s
    # The relay takes over when this invocation must be over.
    assert repository.due_in_s == remaining_s + 5.0


def test_keys_of_the_release_before_references_are_still_known() -> None:
    """Its hash of 1999 BRL; a reference makes another request of it, and another reference another."""
    assert COMMAND.request_hash().hex() == "c4c5065445b8167c12652e21708a203954dffef9efe8cafef0a58f179709bcaa"
    hashes = {
        replace(COMMAND, request=replace(COMMAND.request, reference=reference)).request_hash()
        for reference in (None, "a", "b", "null")
    }
    assert len(hashes) == 4


def test_an_order_is_created_in_the_millisecond_of_its_id() -> None:
    for _ in range(100):
        accepted = create(Repository(), Publisher())
        created_at = datetime.fromisoformat(json.loads(accepted.response_body)["createdAt"])
        assert accepted.order_id.int >> 80 == round(created_at.timestamp() * 1000)
