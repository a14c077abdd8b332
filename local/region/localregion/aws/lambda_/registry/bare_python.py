"""An interpreter as a function finds it on AWS: Python, the runtime client and boto3, nothing else of this environment.

Made once for a version of each, below the state folder, by one at a time, and complete when it appears.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included
"""

from __future__ import annotations

import platform
import shutil
import venv
from importlib import metadata
from pathlib import Path

_RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
_BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")


def bare_python(folder: Path) -> Path:
    """Return the interpreter, and make its environment when the folder has none."""
    versions = "-".join(f"{name}-{metadata.version(name)}" for name in ("awslambdaric", "boto3"))
    environment = folder / f"python-{platform.python_version()}-{versions}"
    if not environment.exists():
        draft = folder / "new-python"
        shutil.rmtree(draft, ignore_errors=True)
        venv.EnvBuilder(symlinks=True, with_pip=False).create(draft)
        (site_packages,) = draft.glob("lib/python*/site-packages")
        for name in _RUNTIME_CLIENT:
            _copy(metadata.distribution(name), site_packages)
        for name in _BOTO3:
            _link(metadata.distribution(name), site_packages)
        draft.replace(environment)
    return environment / "bin" / "python"


def _copy(distribution: metadata.Distribution, site_packages: Path) -> None:
    for file in distribution.files or ():
        # Scripts stand outside, and bytecode belongs to where it was compiled.
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (site_packages / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), site_packages / file)


def _link(distribution: metadata.Distribution, site_packages: Path) -> None:
    """Without a copy: botocore has two thousand files."""
    for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        (site_packages / name).symlink_to(str(distribution.locate_file(name)))
