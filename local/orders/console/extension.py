"""What orders add to the console: their routes, pages and figures, and that a trace is about an order."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from localregion.console.extension import ConsoleExtension, Parts
from localregion.console.traces.subject import Subject
from orders.console.figures import FIGURES
from orders.console.orders_api import OrdersApi
from orders.console.parked_api import ParkedApi

PAGE_FOLDER = Path(__file__).parent / "page"
# An order's trace is the one in which `create_order` made it; other functions' spans only mention the order.
ORDER = Subject(attribute="order.id", service="create_order", key="orderId", log_field="order_id")


def extension() -> ConsoleExtension:
    return ConsoleExtension(routes=_routes, page=PAGE_FOLDER, figures=FIGURES, subject=ORDER)


def _routes(parts: Parts) -> list[web.RouteDef]:
    orders = OrdersApi(parts.system, parts.database, parts.store)
    return [*orders.routes(), *ParkedApi(parts.system, parts.database).routes()]
