"""The relay and a broker that ends connections: the row that it is about waits, others go, an outage counts nothing."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import psycopg
import pytest
from tests.integration.functions.conftest import Invoke, Released, close
from tests.integration.functions.http_events import post_order
from tests.integration.functions.test_create_order import take
from tests.integration.functions.test_outbox_relay import add_row, relay
from tests.integration.layers.proxy import Proxy

from outbox_relay import relay as outbox_relay
from outbox_relay.batch_size import ROWS_MIN
from outbox_relay.repository import BEGUN, Outbox
from rabbitmq import BlockedError, BrokerUnavailableError, ConnectionLostError, Message, PublishError, UnconfirmedError

MARKER = b"the one that is refused"


def connection_close(code: int) -> bytes:
    """A broker's connection.close: https://www.rabbitmq.com/amqp-0-9-1-reference#connection.close."""
    payload = struct.pack(">HHH", 10, 50, code) + b"\x06REASON" + struct.pack(">HH", 60, 40)
    return b"\x01\x00\x00" + struct.pack(">I", len(payload)) + payload + b"\xce"


@pytest.fixture
def proxy(empty: Released) -> Iterator[Proxy]:
    with Proxy(empty.rabbitmq.port) as between:
        yield between


@pytest.fixture
def through(proxy: Proxy, empty: Released, monkeypatch: pytest.MonkeyPatch) -> Iterator[Invoke]:
    """Functions that reach the broker through the proxy."""
    environ = {**empty.environ, "BROKER_ENDPOINT": f"amqp://127.0.0.1:{proxy.port}"}
    calls = Invoke(replace(empty, environ=environ), monkeypatch)
    yield calls
    for function in calls.used:
        close(calls.dependencies(function))


def attempts(released: Released) -> dict[uuid.UUID, tuple[int, str | None, bool]]:
    """Of each row that is left: attempts, last error, whether it waits."""
    rows = released.query("SELECT outbox_id, attempts, last_error, due_at > now() FROM orders.outbox")
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("code", [320, 501, 502, 503, 504, 505, 506, 530, 540, 541])
def test_a_message_that_the_broker_closes_the_connection_over_waits_and_its_neighbours_go(
    empty: Released, through: Invoke, proxy: Proxy, code: int
) -> None:
    proxy.close_over(MARKER, connection_close(code))
    neighbours = [add_row(empty)]
    culprit = add_row(empty, due="now() - interval '1 h'", body=MARKER)
    neighbours.append(add_row(empty))
    report = relay(through)

    assert (report["published"], report["postponed"], report["broker_failure"]) == (len(neighbours), 1, None)
    assert attempts(empty) == {culprit: (1, f"{code} REASON", True)}
    assert len(take(empty)) == len(neighbours)


def test_a_connection_that_dies_without_a_word_is_held_against_the_message_in_flight(
    empty: Released, through: Invoke, proxy: Proxy
) -> None:
    proxy.close_over(MARKER, b"")
    culprits = {add_row(empty, due="now() - interval '1 h'", body=MARKER) for _ in range(5)}
    for _ in range(10):
        add_row(empty)
    report = relay(through)

    assert (report["published"], report["postponed"], report["broker_failure"]) == (10, 5, None)
    found = attempts(empty)
    assert found.keys() == culprits
    assert {(tried, error is not None, waits) for tried, error, waits in found.values()} == {(1, True, True)}


def test_the_only_row_is_held_responsible_too(empty: Released, through: Invoke, proxy: Proxy) -> None:
    proxy.close_over(MARKER, b"")
    culprit = add_row(empty, body=MARKER)
    assert relay(through)["postponed"] == 1
    assert attempts(empty)[culprit][0] == 1


def test_a_row_that_failed_before_never_shares_a_batch_with_one_that_did_not(
    empty: Released, through: Invoke, proxy: Proxy
) -> None:
    proxy.close_over(MARKER, connection_close(501))
    culprit = add_row(empty, body=MARKER)
    relay(through)
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now() - interval '1 h'")
    connections = len(proxy.connections)
    add_row(empty)
    assert relay(through)["published"] == 1
    # What was open, then one more for the culprit's own batch and one for the culprit alone.
    assert len(proxy.connections) - connections <= 3
    assert attempts(empty)[culprit][0] == 2


def test_a_broker_that_ends_every_connection_counts_against_no_row(
    empty: Released, through: Invoke, proxy: Proxy
) -> None:
    proxy.close_over(b"body", b"")
    for _ in range(3):
        add_row(empty)
    report = relay(through)

    assert (report["published"], report["postponed"]) == (0, 0)
    assert report["broker_failure"]
    assert list(attempts(empty).values()) == [(0, None, False)] * 3


@pytest.mark.parametrize("size", [70_000, 200_000])
def test_headers_of_any_size_hold_nobody_up(empty: Released, invoke: Invoke, size: int) -> None:
    add_row(empty, due="now() - interval '1 h'", properties={"headers": {"long": "x" * size}})
    neighbours = [add_row(empty), add_row(empty)]
    report = relay(invoke)

    # 70 KB fit into a frame, 200 KB do not.
    fits = size < 128 << 10
    assert (report["published"], report["postponed"]) == (len(neighbours) + fits, not fits)


def test_properties_of_megabytes_are_not_even_read(empty: Released, invoke: Invoke) -> None:
    culprit = add_row(empty, properties={"headers": {"long": "x" * (5 << 20)}})
    assert relay(invoke)["postponed"] == 1
    assert attempts(empty)[culprit][:2] == (1, "its properties cannot be read")


@dataclass
class Scripted:
    """A publisher that gives what it is told for a body, None for all others; `batches` has what it got."""

    outcomes: dict[bytes, PublishError]
    batches: list[list[bytes]] = field(default_factory=list)

    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]:
        bodies = [message.body for message in messages]
        self.batches.append(bodies)
        away = [outcome for body in bodies if isinstance(outcome := self.outcomes.get(body), BrokerUnavailableError)]
        if away:
            raise away[0]
        # One that is not confirmed keeps those behind it from being confirmed.
        first = next((at for at, body in enumerate(bodies) if body in self.outcomes), len(bodies))
        return [None if at < first else self.outcomes[bodies[first]] for at in range(len(bodies))]


def run(released: Released, publisher: Scripted, remaining: float = 50.0) -> outbox_relay.Report:
    with psycopg.connect(released.postgres.dsn, dbname="orders", autocommit=True) as connection:
        return outbox_relay.run(Outbox(connection, "orders"), publisher=publisher, remaining_s=lambda: remaining)


def add(released: Released, *bodies: bytes) -> None:
    for number, body in enumerate(bodies):
        add_row(released, due=f"now() - interval '1 h' + interval '{number} s'", body=body)


def left(released: Released) -> list[tuple[bytes, int]]:
    """Bodies and attempts in the order in which they are due."""
    return [
        (bytes(body), tried)
        for body, tried in released.query("SELECT body, attempts FROM orders.outbox ORDER BY due_at, outbox_id")
    ]


def test_an_answer_that_never_comes_is_held_against_the_message_once_others_got_theirs(empty: Released) -> None:
    add(empty, b"mute", b"1", b"2")
    report = run(empty, Scripted({b"mute": UnconfirmedError("deadline exceeded")}))
    assert (report.published, report.postponed, left(empty)) == (2, 1, [(b"mute", 1)])


@pytest.mark.parametrize("outcome", [BrokerUnavailableError("no"), BlockedError("no"), UnconfirmedError("no")])
def test_an_outage_counts_nothing_and_is_not_asked_twice_about_every_row(
    empty: Released, outcome: PublishError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox_relay.suspects.SILENCE_MAX_S", 0.0)
    add(empty, b"1", b"2", b"3")
    publisher = Scripted(dict.fromkeys((b"1", b"2", b"3"), outcome))
    report = run(empty, publisher)

    assert (report.published, report.postponed, report.broker_failure) == (0, 0, "no")
    assert sorted(left(empty)) == [(b"1", 0), (b"2", 0), (b"3", 0)]
    assert len(publisher.batches) <= 2


def test_a_broker_that_goes_while_rows_are_looked_into_counts_nothing(empty: Released) -> None:
    add(empty, b"lost", b"gone", b"3")
    run(empty, Scripted({b"lost": ConnectionLostError("reset"), b"gone": BlockedError("alarm")}))
    assert sorted(left(empty)) == [(b"3", 0), (b"gone", 0), (b"lost", 0)]


def test_rows_that_looked_like_an_outage_come_after_others(empty: Released) -> None:
    add(empty, b"lost 1", b"lost 2")
    publisher = Scripted(dict.fromkeys((b"lost 1", b"lost 2"), ConnectionLostError("reset")))
    assert run(empty, publisher).broker_failure == "reset"
    add(empty, b"good")
    report = run(empty, publisher)

    assert next(batch for batch in publisher.batches if b"good" in batch)[0] == b"good"
    assert (report.published, report.postponed, report.broker_failure) == (1, 2, None)


def test_rows_that_failed_before_go_although_others_looked_like_an_outage(empty: Released) -> None:
    add(empty, b"lost 1", b"lost 2", b"failed before")
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET attempts = 3 WHERE body = %s", [b"failed before"])
    report = run(empty, Scripted(dict.fromkeys((b"lost 1", b"lost 2"), ConnectionLostError("reset"))))

    assert (report.published, report.postponed, report.broker_failure) == (1, 0, "reset")
    assert sorted(left(empty)) == [(b"lost 1", 0), (b"lost 2", 0)]


class Died(BaseException):
    """What ends the function: nothing in it gets to handle this."""


class Killing(Scripted):
    """The relay dies over each batch with this body in it, of many rows or of one."""

    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]:
        if b"killer" in [message.body for message in messages]:
            raise Died
        return super().publish(messages, timeout_s=timeout_s)


def test_rows_that_a_run_died_with_go_when_few_due_rows_are_looked_at(
    empty: Released, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox_relay.repository.LOOKED_AT_FOR_SUSPECTS", 1)
    add(empty, b"1", b"killer", b"2", b"3")
    with pytest.raises(Died):
        run(empty, Killing({}))
    add(empty, b"later")

    assert run(empty, Scripted({})).published == 5
    assert left(empty) == []


@pytest.fixture
def growing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches grow, however slow the machine is."""
    monkeypatch.setattr("outbox_relay.batch_size.TARGET_S", 60.0)


@pytest.mark.usefixtures("growing")
@pytest.mark.parametrize("attempts_before", [0, 2])
def test_what_a_run_died_with_in_a_large_batch_goes_in_small_ones(empty: Released, attempts_before: int) -> None:
    """One by one, a thousand rows would take a third of a minute after every death."""
    add(empty, *(f"{number}".encode() for number in range(350)), b"killer", *(b"behind" for _ in range(300)))
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET attempts = %s", [attempts_before])
    with pytest.raises(Died):
        run(empty, Killing({}))
    waiting, publisher = len(left(empty)), Scripted({})

    assert waiting > 2 * ROWS_MIN
    assert run(empty, publisher).published == waiting
    assert max(map(len, publisher.batches)) == ROWS_MIN
    assert len(publisher.batches) == -(-waiting // ROWS_MIN)


@pytest.mark.usefixtures("growing")
def test_a_row_that_kills_the_relay_with_a_large_batch_is_found(empty: Released) -> None:
    add(empty, *(b"before" for _ in range(350)), b"killer", *(b"behind" for _ in range(300)))
    lefts = []
    for _ in range(4):
        with pytest.raises(Died):
            run(empty, Killing({}))
        make_due(empty)
        lefts.append(len(left(empty)))

    assert lefts[0] > 2 * ROWS_MIN
    assert lefts[2] < ROWS_MIN
    assert left(empty) == [(b"killer", 2)]


@pytest.mark.usefixtures("growing")
def test_a_row_that_failed_before_shares_no_batch_after_a_death_either(empty: Released) -> None:
    add(empty, *(b"new" for _ in range(350)), b"killer", *(b"new" for _ in range(300)))
    with pytest.raises(Died):
        run(empty, Killing({}))
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET attempts = 1, body = 'old' WHERE body = 'killer'")
    publisher = Scripted({})
    run(empty, publisher)
    assert [batch for batch in publisher.batches if b"old" in batch] == [[b"old"]]


@pytest.mark.parametrize("attempts_before", [0, 2])
def test_a_row_that_kills_the_relay_with_its_batch_holds_no_other_up(empty: Released, attempts_before: int) -> None:
    add(empty, b"1", b"killer", b"2", b"3")
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET attempts = %s", [attempts_before])
    for _ in range(2):
        with pytest.raises(Died):
            run(empty, Killing({}))
        make_due(empty)
        add(empty, b"later")
    with pytest.raises(Died):
        run(empty, Killing({}))

    assert left(empty) == [(b"killer", attempts_before + 2)]
    assert attempts(empty).popitem()[1][1] == BEGUN
    make_due(empty)
    assert run(empty, Scripted({})).published == 1


def test_keys_are_purged_before_a_row_that_killed_the_relay_is_tried_again(empty: Released, invoke: Invoke) -> None:
    add(empty, b"killer")
    with pytest.raises(Died):
        run(empty, Killing({}))
    invoke("create_order", post_order(key="old"))
    with empty.admin() as connection:
        connection.execute(
            "UPDATE orders.idempotency_keys SET created_at = now() - interval '25 h', expires_at = now()"
        )
    make_due(empty)
    with pytest.raises(Died):
        run(empty, Killing({}))
    assert empty.count("orders.idempotency_keys") == 0


def test_a_batch_that_the_relay_survived_leaves_no_note(empty: Released) -> None:
    """Else an outage would have every row published alone afterwards, at a fraction of the speed."""
    add(empty, b"1", b"2")
    run(empty, Scripted({b"1": BlockedError("alarm")}))
    assert {error for _, error, _ in attempts(empty).values()} == {None}
    publisher = Scripted({})
    run(empty, publisher)
    assert publisher.batches == [[b"1", b"2"]]


def make_due(released: Released) -> None:
    with released.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now() - interval '1 s'")


def test_a_batch_is_bounded_by_bytes_and_a_row_of_any_size_goes_alone(empty: Released) -> None:
    bodies = [b"x" * (1 << 20), *(bytes([65 + number]) * (3 << 20) for number in range(4)), b"y" * (6 << 20), b"z"]
    add(empty, *bodies)
    publisher = Scripted({})
    assert run(empty, publisher).published == len(bodies)
    assert [[len(body) >> 20 for body in batch] for batch in publisher.batches] == [[1, 3], [3, 3], [3, 6], [0]]


def test_a_large_batch_that_is_not_confirmed_is_begun_anew_in_small_ones(empty: Released) -> None:
    """Else one bad row would have a thousand others published alone."""
    bodies = [f"{number}".encode() for number in range(700)]
    add(empty, *bodies[:450], b"lost", *bodies[450:])
    publisher = Scripted({b"lost": ConnectionLostError("reset")})
    report = run(empty, publisher)

    # Where the run takes long it is due again before the end, and is tried once more.
    assert (report.published, [body for body, _ in left(empty)]) == (700, [b"lost"])
    assert left(empty) == [(b"lost", report.postponed)]
    assert max(map(len, publisher.batches)) > ROWS_MIN
    assert sum(1 for batch in publisher.batches if len(batch) == 1) <= ROWS_MIN


def test_rows_are_looked_into_only_while_there_is_time(empty: Released) -> None:
    add(empty, b"lost", b"1", b"2")
    publisher, calls = Scripted({b"lost": ConnectionLostError("reset")}), iter([50.0, 3.0, 3.0])
    with psycopg.connect(empty.postgres.dsn, dbname="orders", autocommit=True) as connection:
        outbox_relay.run(Outbox(connection, "orders"), publisher=publisher, remaining_s=lambda: next(calls, 3.0))
    assert len(publisher.batches) == 1
    assert left(empty) == [(b"lost", 0), (b"1", 0), (b"2", 0)]
