"""The orders' figures of the overview: counted in the database, over ten seconds, so no sampling hides any."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localregion.console.extension import Figures
from localregion.console.sources.database import Database
from orders.console import order_queries

_WINDOW_S = 10
_NAMES = ("ordersPerSecond", "outboxRows", "oldestOutboxSeconds", "parkedWaiting")


async def read(database: Database) -> Mapping[str, Any]:
    """Return the figures of this moment. Raises SourceDownError."""
    since = order_queries.first_id_of(datetime.now(UTC), seconds=-_WINDOW_S)
    (((made, outbox, oldest, parked),),) = await database.read((order_queries.SELECT_FIGURES, {"since": since}))
    age = None if oldest is None else round(float(oldest), 1)
    return dict(zip(_NAMES, (made / _WINDOW_S, outbox, age, parked), strict=True))


FIGURES = Figures(names=_NAMES, read=read)
