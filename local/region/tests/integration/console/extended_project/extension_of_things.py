"""What a project with things adds to its console: a bit of everything that there is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from localregion.console.extension import ConsoleExtension, Figures, Parts
from localregion.console.http.answers import json_answer
from localregion.console.sources.database import Database
from localregion.console.traces.subject import Subject

THING = Subject(attribute="thing.id", service="make_thing", key="thingId", log_field="thing_id")


def console() -> ConsoleExtension:
    figures = Figures(names=("things",), read=_figures)
    return ConsoleExtension(routes=_routes, page=Path(__file__).parent / "page", figures=figures, subject=THING)


def _routes(parts: Parts) -> list[web.RouteDef]:
    async def show(request: web.Request) -> web.Response:
        thing_id = request.match_info["thing_id"]
        return json_answer({"thingId": thing_id, "traceId": parts.store.about(thing_id)})

    return [web.get("/api/things/{thing_id}", show)]


async def _figures(database: Database) -> Mapping[str, Any]:
    (((things,),),) = await database.read(("SELECT 41 + %(one)s", {"one": 1}))
    return {"things": things}
