"""The orders' figures of the overview: counted in the database, over ten seconds, so no sampling hides any."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localregion.console.extension import Figures
from localregion.console.sources.database import Database
from orders.console import order_queries

_WINDOW_S = 10
_NAMES = (
    "ordersPerSecond",
    "outboxRows",
    "oldestOutboxSeconds",
    "invoicesOutboxRows",
    "oldestInvoicesOutboxSeconds",
    "parkedWaiting",
    "unmatchedPayments",
)


async def read(database: Database) -> Mapping[str, Any]:
    """Return the figures of this moment. Raises SourceDownError."""
    since = order_queries.first_id_of(datetime.now(UTC), seconds=-_WINDOW_S)
    ((made, *waiting),), ((outbox, oldest, invoices_outbox, invoices_oldest),) = await database.read(
        (order_queries.SELECT_FIGURES, {"since": since}), (order_queries.COUNT_OUTBOXES, {})
    )
    figures = (made / _WINDOW_S, outbox, _age(oldest), invoices_outbox, _age(invoices_oldest), *waiting)
    return dict(zip(_NAMES, figures, strict=True))


def _age(seconds: Any) -> float | None:
    return None if seconds is None else round(float(seconds), 1)


FIGURES = Figures(names=_NAMES, read=read)
