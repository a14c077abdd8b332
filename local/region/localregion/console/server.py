"""The console's HTTP application: receivers, API and page behind one door. Everything is put together here."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from localregion.console import doors, page
from localregion.console.answers import ProblemError
from localregion.console.database import Database
from localregion.console.emulator import Emulator
from localregion.console.functions_api import FunctionsApi
from localregion.console.local_system import LocalSystem
from localregion.console.overview_api import OverviewApi
from localregion.console.queues_api import QueuesApi
from localregion.console.traces.api import TracesApi
from localregion.console.traces.rates import Rates
from localregion.console.traces.receivers import Receivers
from localregion.console.traces.store import TraceStore
from localregion.system.folder import Folder
from orders.console.orders_api import OrdersApi
from orders.console.parked_api import ParkedApi


def application(folder: Folder, port: Callable[[], int], *, store: TraceStore | None = None) -> web.Application:
    """Return the console of one system; `port` is what it listens on, known once it does."""
    kept, rates, system = store or TraceStore(), Rates(), LocalSystem(folder)
    database = Database(lambda: str(system.endpoint("postgres")))
    emulator = Emulator(system)
    queues = QueuesApi(system, emulator)
    app = web.Application(middlewares=[doors.middleware(port)])
    for part in (
        Receivers(kept, rates),
        TracesApi(kept, folder.function_logs),
        OrdersApi(system, database, kept),
        ParkedApi(system, database),
        FunctionsApi(emulator, folder.function_logs),
        queues,
        OverviewApi(system, database, emulator=emulator, queues=queues, rates=rates, store=kept),
    ):
        app.add_routes(part.routes())
    app.router.add_get("/api/{rest:.*}", _unknown)
    app.add_routes(page.routes())
    app.on_cleanup.append(lambda _app: database.close())
    return app


async def _unknown(_request: web.Request) -> web.Response:
    raise ProblemError(404, "the API has nothing here; docs/console.md says what it has")
