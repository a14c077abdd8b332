"""The query of `GET /orders` and the page that answers it: filters, a limit, and a cursor that ends the page before.

A cursor is the id of the last order that was shown, and nobody's business: what it names is looked for among the
customer's own orders alone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from contracts.errors import InvalidQueryError
from contracts.fields import REFERENCE_MAX
from contracts.orders import Order

LIMIT_DEFAULT, LIMIT_MAX = 20, 100
STATUSES = ("pending", "paid", "canceled")
NAMES = ("status", "reference", "from", "to", "limit", "cursor")
# RFC 3339, 5.6, of which `fromisoformat` takes more forms.
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII | re.IGNORECASE)
CURSOR = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`before` is the id that the page before ended with."""

    status: str | None
    reference: str | None
    created_from: datetime | None
    created_to: datetime | None
    limit: int
    before: UUID | None


def parse(event: Mapping[str, Any]) -> Query:
    """Read the query out of Kong's event. Raises InvalidQueryError that names the parameter."""
    given = _once(event)
    status, reference = given.get("status"), given.get("reference")
    if status is not None and status not in STATUSES:
        raise InvalidQueryError(f"status is one of {', '.join(STATUSES)}.")
    if reference is not None and not (0 < len(reference) <= REFERENCE_MAX and _is_storable(reference)):
        raise InvalidQueryError(f"reference has 1 to {REFERENCE_MAX} characters, none of them a control character.")
    return Query(
        status=status,
        reference=reference,
        created_from=_time(given, "from"),
        created_to=_time(given, "to"),
        limit=_limit(given.get("limit")),
        before=_before(given.get("cursor")),
    )


def page(found: Sequence[Order], query: Query, event: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of the answer; `found` has one order more than the page if there is a next one."""
    shown = found[: query.limit]
    cursor = _cursor(shown[-1].order_id) if len(found) > query.limit else None
    body = {"orders": [order.to_body() for order in shown], "nextCursor": cursor}
    return body, {} if cursor is None else {"Link": f'<{_next(event, cursor)}>; rel="next"'}


def _once(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Every parameter that is given. Raises InvalidQueryError for an unknown one, and for one that is given twice."""
    given = event.get("queryStringParameters") or {}
    lines = event.get("multiValueQueryStringParameters") or {}
    if unknown := [name for name in given if name not in NAMES]:
        raise InvalidQueryError(f"There is no parameter {unknown[0][:50]!r}; there are {', '.join(NAMES)}.")
    for name, value in given.items():
        values = lines.get(name)
        if not isinstance(value, str) or (isinstance(values, list) and len(values) > 1):
            raise InvalidQueryError(f"{name} is given once, and has a value.")
    found: Mapping[str, str] = given
    return found


def _time(given: Mapping[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    # A plus sign that was not escaped has become a blank on the way.
    text = given[name].replace(" ", "+")
    try:
        if TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper())
    except ValueError:
        pass  # the form of a time, and none: a 30th of February
    raise InvalidQueryError(f"{name} is a time such as 2026-11-22T13:42:18.184Z.")


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= LIMIT_MAX):
        raise InvalidQueryError(f"limit is a number from 1 to {LIMIT_MAX}.")
    return int(text)


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    if not CURSOR.fullmatch(cursor):
        raise InvalidQueryError("cursor is a nextCursor of an earlier answer.")
    return UUID(bytes=base64.urlsafe_b64decode(f"{cursor}=="))


def _cursor(order_id: UUID) -> str:
    return base64.urlsafe_b64encode(order_id.bytes).decode().rstrip("=")


def _next(event: Mapping[str, Any], cursor: str) -> str:
    given: Mapping[str, str] = event.get("queryStringParameters") or {}
    return f"{event['path']}?{urlencode({**given, 'cursor': cursor})}"


def _is_storable(text: str) -> bool:
    return not any(ord(character) < 0x20 or ord(character) == 0x7F for character in text)
