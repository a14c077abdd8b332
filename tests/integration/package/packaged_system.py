"""Packaged functions under the emulator, on an interpreter that has the runtime client and nothing else."""

from __future__ import annotations

import dataclasses
import filecmp
import json
import os
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from integration.aws.running_emulator import PROJECT_ROOT, RunningEmulator
from tests.integration.functions.conftest import PASSWORD

from localregion.plan.model import Plan
from localregion.testing.services import RunningPostgres, RunningRabbitMQ

DATABASE = "packaged"
MASTER = "master"  # who made the roles of this server, in whichever test came first, has to be who alters them
RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")


def unpack(dist: Path, root: Path) -> None:
    """Lay the archives out as the emulator expects sources: `functions/NAME/`, `layers/NAME/python/`."""
    for archive in dist.glob("functions/*.zip"):
        _extract(archive, root / "functions")
    for archive in dist.glob("layers/*.zip"):
        _extract(archive, root / "layers" / archive.stem)
        _lend_bytecode(root / "layers" / archive.stem / "python")


def _lend_bytecode(layer: Path) -> None:
    """Give what is the same file in this environment its bytecode: compiling SQLAlchemy takes longer than the tests."""
    installed = Path(sysconfig.get_path("purelib"))
    for copy in layer.rglob("*.py"):
        original = installed / copy.relative_to(layer)
        bytecode = Path(cache_from_source(str(original)))
        if bytecode.exists() and filecmp.cmp(original, copy, shallow=False):
            # Bytecode is of a source of a certain age.
            os.utime(copy, ns=(original.stat().st_atime_ns, original.stat().st_mtime_ns))
            lent = Path(cache_from_source(str(copy)))
            lent.parent.mkdir(exist_ok=True)
            shutil.copyfile(bytecode, lent)


def bare_python(folder: Path) -> Path:
    """Return the interpreter of an environment that holds the runtime client, as Lambda's does."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    for name in RUNTIME_CLIENT:
        for file in metadata.distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (site_packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), site_packages / file)
    return folder / "bin" / "python"


def plan_for(plan: Plan) -> dict[str, Any]:
    """Return the plan with a database of its own, and nothing that happens by itself."""
    changed: dict[str, Any] = json.loads(plan.to_json())
    changed |= {"event_source_mappings": [], "schedules": [], "invocations": []}
    for function in changed["functions"]:
        function["environment"]["DATABASE_NAME"] = DATABASE
        if function["name"] == "release":
            function["environment"]["DATABASE_USER"] = MASTER
    return changed


@dataclasses.dataclass
class PackagedEmulator(RunningEmulator):
    """The emulator itself needs its packages: they come by PYTHONPATH, which no function inherits."""

    python: Path = dataclasses.field(kw_only=True)
    postgres: RunningPostgres = dataclasses.field(kw_only=True)
    rabbitmq: RunningRabbitMQ = dataclasses.field(kw_only=True)

    def launch(self) -> None:
        self.postgres.bootstrap(database=DATABASE, user=MASTER, password=PASSWORD)
        files = {"plan": self.plan, "values": self._values(), "secrets": self._secrets()}
        command = [str(self.python), "-m", "localregion.aws", "--state", str(self.state), "--root", str(self.folder)]
        for name, content in files.items():
            (self.folder / f"{name}.json").write_text(json.dumps(content))
            command += [f"--{name}", str(self.folder / f"{name}.json")]
        path = [PROJECT_ROOT / "local" / "region", Path(metadata.distribution("uvicorn").locate_file(""))]
        with (self.folder / "emulator.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
                stdout=log,
                stderr=log,
            )

    def _values(self) -> dict[str, str]:
        return {
            "database.host": self.postgres.host,
            "database.port": str(self.postgres.port),
            "broker.endpoint": self.rabbitmq.endpoint,
            "broker.management_url": self.rabbitmq.management_url,
        }

    def _secrets(self) -> dict[str, dict[str, str]]:
        generated = {name: {**fields, "password": PASSWORD} for name, fields in self.plan["secrets"].items()}
        named = [name for name, fields in self.plan["secrets"].items() if "key" in fields]
        keys = {name: {"key": f"the-key-in-the-secret-{name}"} for name in named}
        admin = {"username": self.rabbitmq.username, "password": self.rabbitmq.password}
        database = {"username": MASTER, "password": PASSWORD}
        return {**generated, **keys, "broker/admin": admin, "database/admin": database}


def _extract(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
