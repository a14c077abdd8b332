"""The running system as the supervisor describes it: addresses, keys, the plan. Read anew when the files change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from localregion.console.sources.remembered import SourceDownError
from localregion.plan import model
from localregion.system.folder import Folder
from localregion.system.service_names import SERVICES, parts_of

T = TypeVar("T")


class LocalSystem:
    """What stands in the files of one state folder. Raises SourceDownError while nothing is up."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._endpoints = _File(folder.endpoints, json.loads)
        self._plan = _File(folder.plan, model.from_json)

    def endpoint(self, name: str) -> Any:
        """Return one entry of `endpoints.json`."""
        known = self.endpoints()
        if name not in known:
            raise SourceDownError(f"this system has no {name}")
        return known[name]

    def endpoints(self) -> dict[str, Any]:
        known: dict[str, Any] = self._endpoints.read()
        return known

    def plan(self) -> model.Plan:
        known: model.Plan = self._plan.read()
        return known

    def parts(self) -> set[str]:
        """Return the parts that the program has; all that there could be while its plan is unknown."""
        try:
            return parts_of(self.plan())
        except SourceDownError:
            return set(SERVICES)


class _File:
    """A file's content, parsed once for each time that it was written."""

    def __init__(self, path: Path, parse: Callable[[str], Any]) -> None:
        self._path = path
        self._parse = parse
        self._known: tuple[int, Any] | None = None

    def read(self) -> Any:
        try:
            written = self._path.stat().st_mtime_ns
            if self._known is None or self._known[0] != written:
                self._known = written, self._parse(self._path.read_text())
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise SourceDownError("the system is not up (yet)") from error
        return self._known[1]
