"""A supervisor over parts that only sleep: `python fake_system.py FOLDER [part that dies at once]`.

A file `without-database` in the folder takes the database out of the plan, as an edit of the program would.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from localregion.plan.model import Broker, Database, Gateway, Plan
from localregion.services.leftovers import MARK, Records
from localregion.services.ports import Ports
from localregion.services.process import Command, Record
from localregion.services.supervision import Part
from localregion.system.configuration import CurrentConfiguration
from localregion.system.daemon import serve
from localregion.system.folder import Folder
from localregion.system.supervisor import Supervisor

PLAN = Plan(
    stack="local",
    region="us-east-1",
    account="000000000000",
    functions=[],
    event_source_mappings=[],
    schedules=[],
    invocations=[],
    secrets={},
    database=Database(engine_version="18", name="orders", admin_secret="admin"),
    broker=Broker(engine_version="4.2", admin_secret="admin"),
    gateway=Gateway(version="3.9", declarative_config={}),
)
SECRETS = {"admin": {"username": "admin", "password": "secret"}}


def part(name: str, folder: Folder, *, dies: bool) -> Part:
    argv = ["/bin/sh", "-c", "echo cannot work; exit 3"] if dies else ["/bin/sh", "-c", "sleep 600 & wait"]
    environment = {"PATH": "/usr/bin:/bin", MARK: str(folder.path)}
    return Part(
        name=name,
        address="nowhere",
        command=lambda: Command(argv=argv, cwd=Path("/"), environment=environment),
        is_ready=lambda: not dies,
    )


def known(folder: Folder) -> SimpleNamespace:
    database = None if (folder.path / "without-database").exists() else PLAN.database
    return SimpleNamespace(plan=replace(PLAN, database=database), secrets=SECRETS)


def main(path: str, dying: str = "") -> None:
    folder = Folder(Path(path))
    folder.make()
    records = Records(folder.run)
    records.write(Record.of("supervisor", os.getpid()))
    current = SimpleNamespace(
        refresh=lambda: False,
        get=lambda: known(folder),
        plan=lambda: known(folder).plan,
        restarted=CurrentConfiguration.restarted,
        forgotten=CurrentConfiguration.forgotten,
    )
    parts = [part(name, folder, dies=name == dying) for name in ("postgres", "rabbitmq", "gateway", "emulator")]
    serve(Supervisor(folder, Ports(), current, parts), folder)
    records.remove("supervisor")


if __name__ == "__main__":
    main(*sys.argv[1:])
