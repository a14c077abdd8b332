"""The console's HTTP application: receivers, API and page behind one door. Everything is put together here."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from localregion.console.api.functions import FunctionsApi
from localregion.console.api.overview import OverviewApi
from localregion.console.api.queues import QueuesApi
from localregion.console.extension import ConsoleExtension, Parts
from localregion.console.http import doors, page
from localregion.console.http.answers import ProblemError
from localregion.console.sources.database import Database
from localregion.console.sources.emulator import Emulator
from localregion.console.sources.local_system import LocalSystem
from localregion.console.traces.api import TracesApi
from localregion.console.traces.rates import Rates
from localregion.console.traces.receivers import Receivers
from localregion.console.traces.store import TraceStore
from localregion.system.folder import Folder


def application(folder: Folder, port: Callable[[], int], extension: ConsoleExtension) -> web.Application:
    """Return the console of one system; `port` is what it listens on, known once it does."""
    store, rates, system = TraceStore(subject=extension.subject), Rates(), LocalSystem(folder)
    database = Database(lambda: str(system.endpoint("postgres")))
    emulator = Emulator(system)
    queues = QueuesApi(system, emulator)
    app = web.Application(middlewares=[doors.middleware(port)])
    for part in (
        Receivers(store, rates),
        TracesApi(store, folder.function_logs),
        FunctionsApi(emulator, folder.function_logs),
        queues,
        OverviewApi(system, database, extension.figures, emulator=emulator, queues=queues, rates=rates, store=store),
    ):
        app.add_routes(part.routes())
    app.add_routes(extension.routes(Parts(system=system, database=database, store=store)))
    app.router.add_get("/api/{rest:.*}", _unknown)
    app.add_routes(page.routes(*([extension.page] if extension.page else []), page.PAGE_FOLDER))
    app.on_cleanup.append(lambda _app: database.close())
    return app


async def _unknown(_request: web.Request) -> web.Response:
    raise ProblemError(404, "the API has nothing here; docs/console.md says what it has")
