"""The query of a list and the page that answers it: what is understood, what is refused, and where the next page is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED

from contracts.errors import InvalidQueryError
from contracts.http import problem_response
from contracts.orders import Order
from get_order.pages import CURSOR, Query, page, parse
from reading.lists import LAST_ID, MARGIN, bounds

MOMENT = datetime(2026, 11, 22, 13, 42, 18, 184000, tzinfo=UTC)


def event(**query: Any) -> dict[str, Any]:
    """`GET /orders` as Kong passes it on; several values of one name as a list."""
    many = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
    return {
        "path": "/orders",
        "queryStringParameters": {name: values[0] for name, values in many.items()},
        "multiValueQueryStringParameters": many,
    }


def orders(count: int) -> list[Order]:
    return [
        Order(
            order_id=UUID(int=count - number),
            customer_id="demo",
            amount=1,
            currency="BRL",
            status="pending",
            created_at=MOMENT,
            payments=None,
        )
        for number in range(count)
    ]


def test_nothing_is_asked_for_but_twenty_of_the_newest() -> None:
    all_of_them = Query(status=None, reference=None, created_from=None, created_to=None, limit=20, before=None)
    assert parse(event()) == parse({"path": "/orders"}) == all_of_them


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T13:42:18.184Z", MOMENT),
        ("2026-11-22t13:42:18.184z", MOMENT),
        ("2026-11-22T13:42:18.184000+00:00", MOMENT),
        ("2026-11-22T10:42:18.184-03:00", MOMENT),
        # A client that did not escape its plus sign.
        ("2026-11-22T16:42:18.184 03:00", MOMENT),
        ("2026-11-22T13:42:18Z", MOMENT.replace(microsecond=0)),
        ("9999-12-31T23:59:59-14:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-14)))),
        ("0001-01-01T00:00:00+14:00", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
    ],
)
def test_times_are_those_of_rfc_3339(text: str, moment: datetime) -> None:
    query = parse(event(**{"from": text, "to": text}))

    assert query.created_from == query.created_to == moment
    first, last = bounds(created_from=query.created_from, created_to=query.created_to, before=None)
    assert UUID(int=0) <= first <= last <= LAST_ID


@pytest.mark.parametrize(
    "query",
    [
        {"status": ["paid", "paid"]},
        {"limit": ["1", "2"]},
        {"cursor": True},
        {"cursor": [True]},
        {"limit": "+1"},
        {"limit": " 1"},
        {"limit": "1\n"},
        {"limit": "9" * 5_000},
        {"cursor": ""},
        {"cursor": "A" * 22 + "\n"},
        {"cursor": "é" * 22},
        {"cursor": "1' OR '1'='1"},
        {"from": "2026-11-22T13:42:18.184Z\n"},
        {"from": "٢٠٢٦-11-22T13:42:18Z"},
        {"from": "2026-11-22T24:00:01Z"},
        {"from": "2026-11-22T13:42:18+99:00"},
        {"reference": "a\x7f"},
    ],
    ids=str,
)
def test_a_hostile_query_is_refused_by_the_name_of_its_parameter(query: dict[str, Any]) -> None:
    with pytest.raises(InvalidQueryError, match=f"^{next(iter(query))} "):
        parse(event(**query))


def test_an_unknown_parameter_is_named_and_cut_short() -> None:
    with pytest.raises(InvalidQueryError) as raised:
        parse(event(**{"x" * 5_000: "1"}))
    assert len(str(raised.value)) < 150


@BOUNDED
@given(
    st.dictionaries(st.sampled_from(["status", "reference", "from", "to", "limit", "cursor"]), st.text() | st.none())
)
def test_a_query_is_understood_or_refused(query: dict[str, str | None]) -> None:
    try:
        limit = parse(event(**query)).limit
    except InvalidQueryError as error:
        refused = problem_response(error)["body"].encode()  # which a lone surrogate would not let pass
    else:
        refused = b""
        assert 1 <= limit <= 100
    assert len(refused) < 500


def test_a_page_that_has_a_next_one_says_where_with_its_filters() -> None:
    asked = event(status="pending", reference="basket & 42 é", limit="2")
    body, headers = page(orders(3), parse(asked), asked)
    target = urlsplit(headers["Link"].removeprefix("<").removesuffix('>; rel="next"'))
    query = dict(parse_qsl(target.query))

    assert [order["orderId"] for order in body["orders"]] == [str(UUID(int=3)), str(UUID(int=2))]
    assert target.path == "/orders"
    assert query == {"status": "pending", "reference": "basket & 42 é", "limit": "2", "cursor": body["nextCursor"]}
    assert headers["Link"].isascii()
    assert parse(event(**query)).before == UUID(int=2)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_last_page_has_no_next_one(count: int) -> None:
    asked = event(limit="2")
    body, headers = page(orders(count), parse(asked), asked)
    assert (len(body["orders"]), body["nextCursor"], headers) == (count, None, {})


@BOUNDED
@given(st.uuids())
def test_what_follows_a_cursor_is_below_it(order_id: UUID) -> None:
    cursor = base64.urlsafe_b64encode(order_id.bytes).decode().rstrip("=")
    before = parse(event(cursor=cursor)).before

    assert CURSOR.fullmatch(cursor)
    assert before == order_id
    _, last = bounds(created_from=None, created_to=None, before=before)
    assert last < order_id or order_id.int == 0


@BOUNDED
@given(st.integers(86_400_000, 2**46))
def test_an_id_within_the_margin_of_its_orders_time_is_in_the_range(milliseconds: int) -> None:
    created_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    for distance in (-MARGIN, timedelta(0), MARGIN - timedelta(milliseconds=1)):
        order_id = UUID(int=int((created_at + distance).timestamp() * 1000) << 80 | 2**79)
        first, last = bounds(created_from=created_at, created_to=created_at + timedelta(milliseconds=1), before=None)
        assert first <= order_id <= last
