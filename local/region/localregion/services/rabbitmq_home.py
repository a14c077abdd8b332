"""A RabbitMQ home with no plugin but those that are used, and all of their modules loaded at once: it boots sooner.

Erlang looks for each of a thousand modules in folder after folder, and the package brings seventy plugins of which a
node with the management plugin uses thirty. Nothing is copied but the start scripts, which find the home by where they
stand; which plugins need which others stands in the plugins' own descriptions.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

_PRELOAD = Path(__file__).with_name("preload.script")
# `ERL_LIBS` is the home's `plugins`. For ERL_AFLAGS: only what stands before the start scripts' own flags runs first.
PRELOAD_FLAGS = r"-eval file:script(filename:dirname(os:getenv(\"ERL_LIBS\"))++\"/preload.script\")"
_APPLICATIONS = re.compile(r"\{\s*applications\s*,\s*\[([^\]]*)\]")


def make_home(folder: Path, *, script: Path, plugins: list[str]) -> Path:
    """Make `folder` a home like that of `script`, with these plugins and what they need; return its own script."""
    installed = script.parent.parent
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(installed / "sbin", folder / "sbin")
    (folder / "plugins").mkdir()
    (folder / "escript").symlink_to(installed / "escript")
    shutil.copy(_PRELOAD, folder)
    for path in needed(installed / "plugins", plugins):
        (folder / "plugins" / path.name).symlink_to(path)
    return folder / "sbin" / script.name


def needed(folder: Path, plugins: list[str]) -> list[Path]:
    """Return the folders of these plugins and of all that they name as theirs; what is not there is Erlang's own."""
    installed = {path.name.partition("-")[0]: path for path in sorted(folder.iterdir()) if path.is_dir()}
    found: dict[str, Path] = {}
    waiting = list(plugins)
    while waiting:
        name = waiting.pop()
        if name in installed and name not in found:
            found[name] = installed[name]
            waiting += applications(found[name] / "ebin" / f"{name}.app")
    return [found[name] for name in sorted(found)]


def applications(description: Path) -> list[str]:
    """Return the applications that an `.app` file names."""
    named = _APPLICATIONS.search(description.read_text())
    return re.findall(r"\w+", named[1]) if named else []
