"""The console's page with canned answers that move a little: to look at it without a system.

`python -m tests.browser.fixture_server 8090` for work on the page, then http://127.0.0.1:8090/. Started with
`--broken` it shows an outage; a trace id that begins with 0 has a long wait. Nothing of it is true and no test uses it:
the tests in `tests/e2e` hold the page to the real console.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from aiohttp import web
from tests.browser import canned, canned_trace

from localregion.console.http import page
from orders.console.extension import PAGE_FOLDER

POLICY = "default-src 'self'; frame-ancestors 'none'"
STARTED_MS = time.time() * 1000
WORLD = web.AppKey("world", canned.World)


def reply(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


def problem(status: int, detail: str) -> web.Response:
    return reply({"type": "about:blank", "title": detail, "status": status, "detail": detail}, status)


async def get_overview(request: web.Request) -> web.Response:
    return reply(canned.overview(request.app[WORLD], broken="rabbitmq" if "--broken" in sys.argv else ""))


async def get_orders(request: web.Request) -> web.Response:
    return reply(
        {
            "orders": [
                request.app[WORLD].shown(one)
                for one in request.app[WORLD].orders[: int(request.query.get("limit", 50))]
            ]
        }
    )


async def get_order(request: web.Request) -> web.Response:
    found = [one for one in request.app[WORLD].orders if one["orderId"] == request.match_info["order_id"]]
    return reply(request.app[WORLD].shown(found[0])) if found else problem(404, "no such order")


async def post_order(request: web.Request) -> web.Response:
    given = await request.json()
    await asyncio.sleep(0.3)
    if not isinstance(given.get("amount"), int):
        errors = [{"pointer": "/amount", "detail": "must be an integer"}]
        return reply(
            {"status": 422, "problem": {"title": "Unprocessable Content", "status": 422, "errors": errors}}, 422
        )
    order = request.app[WORLD].order(given["amount"], given.get("currency", "BRL"))
    return reply({"status": 201, "order": request.app[WORLD].shown(order), "traceId": order["traceId"]})


async def change_order(request: web.Request) -> web.Response:
    (found,) = [one for one in request.app[WORLD].orders if one["orderId"] == request.match_info["order_id"]]
    if request.match_info["action"] == "cancel":
        found["status"] = "canceled"
        return reply({"status": 200, "order": request.app[WORLD].shown(found), "traceId": found["traceId"]})
    found["status"] = "paid"
    invoice = request.app[WORLD].shown(found)["invoice"]
    return reply({"status": 200, "payment": {"status": "recorded", "invoice": invoice}, "traceId": found["traceId"]})


async def get_traces(request: web.Request) -> web.Response:
    traces = [
        {
            "traceId": one["traceId"],
            "name": "POST",
            "service": "kong",
            "start": one["at"] * 1000,
            "duration": 34.2,
            "spans": 12,
            "errors": index % 7 == 3,
            "orderId": one["orderId"],
        }
        for index, one in enumerate(request.app[WORLD].orders)
    ]
    return reply({"traces": traces})


async def get_trace(request: web.Request) -> web.Response:
    trace_id = request.match_info["trace_id"]
    return (
        reply(canned_trace.trace(trace_id, request.app[WORLD].orders[0]["orderId"], STARTED_MS))
        if len(trace_id) == 32
        else problem(404, "no such trace")
    )


async def get_functions(request: web.Request) -> web.Response:
    return reply({"functions": canned.overview(request.app[WORLD])["functions"]})


async def get_parked(request: web.Request) -> web.Response:
    return reply({"parked": request.app[WORLD].parked})


async def act(request: web.Request) -> web.Response:
    (found,) = [one for one in request.app[WORLD].parked if one["id"] == request.match_info["id"]]
    if request.match_info["action"] == "replay":
        found.update(state="replayed", replayedAt=canned.iso(time.time()))
        return reply({"queued": 1, "alreadyQueued": 0, "remaining": 0})
    found["state"] = "dismissed"
    return reply({})


@web.middleware
async def policy(request: web.Request, handler: Any) -> web.StreamResponse:
    response: web.StreamResponse = await handler(request)
    response.headers["Content-Security-Policy"] = POLICY
    return response


def application() -> web.Application:
    app = web.Application(middlewares=[policy])
    app[WORLD] = canned.World()
    app.router.add_get("/api/overview", get_overview)
    app.router.add_get("/api/orders", get_orders)
    app.router.add_post("/api/orders", post_order)
    app.router.add_get("/api/orders/{order_id}", get_order)
    app.router.add_post("/api/orders/{order_id}/{action}", change_order)
    app.router.add_get("/api/traces", get_traces)
    app.router.add_get("/api/traces/{trace_id}", get_trace)
    app.router.add_get("/api/functions", get_functions)
    app.router.add_get("/api/parked", get_parked)
    app.router.add_post("/api/parked/{id}/{action}", act)
    app.add_routes(page.routes(PAGE_FOLDER, page.PAGE_FOLDER))
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
