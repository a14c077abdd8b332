"""The console's HTTP application: receivers, API and page behind one door. Everything is put together here."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

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
from localregion.console.traces.unread import UnreadSpans
from localregion.system.folder import Folder

UNREAD = web.AppKey("UNREAD", UnreadSpans)


def application(folder: Folder, port: int, extension: ConsoleExtension) -> web.Application:
    """Return the console of one system, which listens on `port`; under UNREAD stands what it has yet to read."""
    store, rates, system = TraceStore(subject=extension.subject), Rates(), LocalSystem(folder)
    database = Database(lambda: str(system.endpoint("postgres")))
    emulator = Emulator(system)
    queues = QueuesApi(system, emulator)
    receivers = Receivers(store, rates)
    app = web.Application(middlewares=[doors.middleware(port), _caught_up])
    app[UNREAD] = receivers.unread
    for part in (
        receivers,
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


@web.middleware
async def _caught_up(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the API answers knows all spans that came before the question."""
    if request.method == "GET" and request.path.startswith("/api/"):
        await request.app[UNREAD].catch_up()
    return await handler(request)


async def _unknown(_request: web.Request) -> web.Response:
    raise ProblemError(404, "the API has nothing here; docs/console.md says what it has")
