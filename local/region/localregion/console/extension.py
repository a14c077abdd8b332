"""What a project's `console()` may add to the console: routes, files of the page, figures, what its traces are about.

The files stand in one folder, are served beside the platform's, and take the place of one of the same name. The page
loads two of them: `extension.js`, what the project adds to it, and `extension.css`, how that looks. The platform's own
`page/extension.js` says what may stand there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from localregion.console.sources.database import Database
from localregion.console.sources.local_system import LocalSystem
from localregion.console.traces.store import TraceStore
from localregion.console.traces.subject import Subject
from localregion.project import Project


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What routes are made of: the running system, its database, the traces."""

    system: LocalSystem
    database: Database
    store: TraceStore


async def _only_look(database: Database) -> Mapping[str, Any]:
    await database.read(("SELECT 1", {}))
    return {}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Figures of the overview out of the database, by the `names` that are null while it does not answer.

    `read` also shows whether the database answers: it raises SourceDownError when it does not.
    """

    names: tuple[str, ...] = ()
    read: Callable[[Database], Awaitable[Mapping[str, Any]]] = _only_look


def _no_routes(_parts: Parts) -> Iterable[web.RouteDef]:
    return ()


@dataclass(frozen=True, kw_only=True)
class ConsoleExtension:
    """What one project adds; without any of it the console shows traces, functions and queues."""

    routes: Callable[[Parts], Iterable[web.RouteDef]] = _no_routes
    page: Path | None = None
    figures: Figures = Figures()
    subject: Subject | None = None


def of_project(project: Project) -> ConsoleExtension:
    """Return what the project's extension adds."""
    add = getattr(project.load_extension(), "console", None)
    added: ConsoleExtension = ConsoleExtension() if add is None else add()
    return added
