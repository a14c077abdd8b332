"""What a project may register: commands, entries of endpoints.json, the line `make up` ends with, views of the console.

The module that `[tool.localregion]` calls `extension` has any of these:

- `COMMANDS`: a mapping of a command's name to `module:function`, which gets its arguments and returns an exit status.
- `endpoints(plan, secrets)`: entries to add to endpoints.json, or to put in place of the platform's.
- `invitation(endpoints)`: one line to try the system with.
- `console()`: a `ConsoleExtension` (`localregion.console.extension`): routes below `/api/`, a folder of page files,
  figures of the overview, and the subject: by which span attribute and log field a trace says what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localregion.plan.model import Plan
from localregion.project import Project


def commands(project: Project) -> Mapping[str, str]:
    """Return the project's own commands."""
    registered: Mapping[str, str] = getattr(project.load_extension(), "COMMANDS", {})
    return registered


def endpoints(project: Project, plan: Plan, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the project's own entries of endpoints.json."""
    describe = getattr(project.load_extension(), "endpoints", None)
    return {} if describe is None else dict(describe(plan, secrets))


def invitation(project: Project, known: Mapping[str, Any]) -> str | None:
    """Return the line that `make up` ends with, if the project has one."""
    invite = getattr(project.load_extension(), "invitation", None)
    return None if invite is None else str(invite(known))
