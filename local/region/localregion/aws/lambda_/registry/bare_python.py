"""An interpreter as a function finds it on AWS: Python and the runtime client, nothing of this project's environment.

Made once for a version of both, below the state folder, by one at a time, and complete when it appears.
"""

from __future__ import annotations

import platform
import shutil
import venv
from importlib import metadata
from pathlib import Path

_RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")


def bare_python(folder: Path) -> Path:
    """Return the interpreter, and make its environment when the folder has none."""
    environment = folder / f"python-{platform.python_version()}-awslambdaric-{metadata.version('awslambdaric')}"
    if not environment.exists():
        draft = folder / "new-python"
        shutil.rmtree(draft, ignore_errors=True)
        venv.EnvBuilder(symlinks=True, with_pip=False).create(draft)
        (site_packages,) = draft.glob("lib/python*/site-packages")
        for name in _RUNTIME_CLIENT:
            _copy(metadata.distribution(name), site_packages)
        draft.replace(environment)
    return environment / "bin" / "python"


def _copy(distribution: metadata.Distribution, site_packages: Path) -> None:
    for file in distribution.files or ():
        # Scripts stand outside, and bytecode belongs to where it was compiled.
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (site_packages / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), site_packages / file)
