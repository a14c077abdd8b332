"""What an operator does with events that wait for the broker, and lists that fit into an answer."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.test_invoice_consumer import message
from tests.integration.functions.test_operations import Invoke, operate, park, parked_id, relay
from tests.integration.functions.test_outbox_relay import add_row

from operations.parked_messages import UnknownMessageError

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ANSWER_BYTES_MAX = 6 * 1024 * 1024


def listed_ids(answer: dict[str, Any]) -> list[str]:
    return [row["outboxId"] for row in answer["rows"]]


def paged(invoke: Invoke, operation: str, name: str, **arguments: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list; each has to be an answer that Lambda lets through."""
    pages, after = [], {}
    while True:
        answer = operate(invoke, operation, **arguments, **after)
        assert len(json.dumps(answer)) < ANSWER_BYTES_MAX
        pages.append(answer[name])
        if answer["nextAfter"] is None:
            return pages
        after = {"after": answer["nextAfter"]}


def test_rows_of_the_outbox_are_listed_oldest_first_with_what_is_known_of_them(empty: Released, invoke: Invoke) -> None:
    add_row(empty, routing_key="nobody.listens", properties={"message_id": "m", "headers": {"n": 1}})
    relay(invoke)
    newer = add_row(empty, due="now() + interval '1 h'", body=b"\xff\x00")
    answer = operate(invoke, "outbox")

    assert (answer["total"], answer["failed"], answer["nextAfter"]) == (2, 1, None)
    failed, waiting = answer["rows"]
    assert (failed["attempts"], failed["routingKey"], failed["size"]) == (1, "nobody.listens", 4)
    assert "no queue is bound" in failed["lastError"]
    assert (failed["properties"], failed["body"]) == ({"message_id": "m", "headers": {"n": 1}}, {"text": "body"})
    assert (waiting["outboxId"], waiting["attempts"], waiting["lastError"]) == (str(newer), 0, None)
    assert waiting["body"] == {"base64": "/wA="}
    assert operate(invoke, "outbox", outboxId=str(newer))["rows"] == [waiting]


def test_a_postponed_row_is_left_alone_until_then(empty: Released, invoke: Invoke) -> None:
    chosen = str(add_row(empty))
    answer = operate(invoke, "postpone", outboxId=chosen, seconds=600)

    assert (answer["postponed"], answer["dueAt"]) == (1, operate(invoke, "outbox")["rows"][0]["dueAt"])
    assert relay(invoke) == 0
    assert empty.query("SELECT due_at BETWEEN now() + '590 s' AND now() + '600 s' FROM orders.outbox") == [(True,)]


def test_a_removed_row_is_told_and_never_published(empty: Released, invoke: Invoke) -> None:
    chosen = str(add_row(empty, body=b"x" * 70_000))
    kept = add_row(empty)
    answer = operate(invoke, "remove", outboxId=chosen)

    assert (answer["removed"], answer["row"]["outboxId"], answer["row"]["size"]) == (1, chosen, 70_000)
    assert answer["row"]["body"] == {"text": "x" * 65_536}
    assert answer["row"]["properties"]["message_id"] == chosen
    assert not answer["parkedMessageWaitsAgain"]
    assert listed_ids(operate(invoke, "outbox")) == [str(kept)]


def test_the_message_of_a_removed_replay_waits_again(empty: Released, invoke: Invoke) -> None:
    park(invoke, message(b"{"))
    chosen = parked_id(invoke)
    operate(invoke, "replay", parkedId=chosen)

    assert operate(invoke, "remove", outboxId=chosen)["parkedMessageWaitsAgain"]
    assert operate(invoke, "parked")["messages"][0]["state"] == "waiting"
    assert operate(invoke, "replay", all=True)["queued"] == 1


@pytest.mark.parametrize("operation", ["outbox", "postpone", "remove"])
def test_an_unknown_row_is_an_error(empty: Released, invoke: Invoke, operation: str) -> None:
    with pytest.raises(UnknownMessageError, match="no row of the outbox has the id"):
        operate(invoke, operation, outboxId=str(uuid.uuid4()))


def test_a_page_behind_a_row_that_has_gone_is_an_error(empty: Released, invoke: Invoke) -> None:
    add_row(empty)
    for operation in ("outbox", "parked"):
        with pytest.raises(UnknownMessageError):
            operate(invoke, operation, after=str(uuid.uuid4()))


def test_every_page_of_the_outbox_fits_into_an_answer(empty: Released, invoke: Invoke) -> None:
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at, last_error)"
            " SELECT gen_random_uuid(), 'orders', 'k', %s, %s, now(), repeat(%s, 100000) FROM generate_series(1, 120)",
            [json.dumps({"headers": {"long": "x" * 60_000}}), b"body", "\u00e9"],
        )
    pages = paged(invoke, "outbox", "rows", limit=500)

    assert len(pages) > 1
    assert len({row["outboxId"] for page in pages for row in page}) == sum(map(len, pages)) == 120
    assert {len(row["lastError"]) for page in pages for row in page} == {4_096}


def test_every_page_of_parked_messages_fits_into_an_answer(empty: Released, invoke: Invoke) -> None:
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO invoices.parked_messages (fingerprint, queue, properties, body, reason, last_seen_at)"
            " SELECT sha256(n::text::bytea), 'q', %s, 'body', repeat(%s, 100000), now() - (n %% 7) * interval '1 s'"
            " FROM generate_series(1, 450) n",
            [json.dumps({"messageId": "m" * 1_000, "headers": {"long": "x" * 50_000}}), "\u00e9"],
        )
    pages = paged(invoke, "parked", "messages", limit=500)

    assert len(pages) > 1
    found = [entry for page in pages for entry in page]
    assert len({entry["parkedId"] for entry in found}) == len(found) == 450
    assert [entry["lastSeenAt"] for entry in found] == sorted((entry["lastSeenAt"] for entry in found), reverse=True)
    assert {(len(entry["reason"]), len(entry["messageId"])) for entry in found} == {(4_096, 255)}


def test_pages_are_as_long_as_asked_for(empty: Released, invoke: Invoke) -> None:
    for _ in range(5):
        add_row(empty)
    pages = paged(invoke, "outbox", "rows", limit=2)
    assert [len(page) for page in pages] == [2, 2, 1]


def test_properties_of_megabytes_are_replayed_a_few_at_a_time(empty: Released, invoke: Invoke) -> None:
    headers = {"long": {"bytes": [1] * 900_000}}
    park(invoke, *(message(b"{", messageId=str(number), headers=headers) for number in range(3)))
    assert operate(invoke, "replay", all=True)["queued"] == 3
    # Without the header that no frame has room for.
    assert relay(invoke) == 3
    assert operate(invoke, "outbox")["failed"] == 0
