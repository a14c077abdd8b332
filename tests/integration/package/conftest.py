"""The packages of this project, built for this machine, and an emulator that has nothing else to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.package.packaged_system import PackagedEmulator, bare_python, plan_for, unpack

from localregion.package.build import Job, build
from localregion.package.errors import NetworkError
from localregion.package.target import Target, this_machine
from localregion.plan.model import Plan
from localregion.system.configuration import evaluate_plan
from localregion.testing.services import RunningPostgres, RunningRabbitMQ

ROOT = Path(__file__).parents[3]
KEPT = ROOT / ".local" / "package"


@pytest.fixture(scope="session")
def local_plan() -> Plan:
    """The plan of this machine's stack."""
    return evaluate_plan(ROOT)


@pytest.fixture(scope="session")
def package(local_plan: Plan) -> Callable[..., None]:
    """Return a function that builds into a folder; packages are in uv's cache after the first time."""

    def into(dist: Path, target: Target, *, compression_level: int) -> None:
        job = Job(
            plan=local_plan,
            target=target,
            root=ROOT,
            dist=dist,
            cache=KEPT / "uv",
            # Compiling SQLAlchemy alone takes longer than everything else here; tests/unit/package has the bytecode.
            compiler=None,
            progress=lambda line: None,
            compression_level=compression_level,
        )
        try:
            build(job)
        except NetworkError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))

    return into


@pytest.fixture(scope="module")
def packaged(
    local_plan: Plan,
    package: Callable[..., None],
    postgres: RunningPostgres,
    rabbitmq: RunningRabbitMQ,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PackagedEmulator]:
    """An emulator whose functions see their unpacked archives and the runtime client, against real services."""
    folder = tmp_path_factory.mktemp("packaged")
    package(folder / "dist", this_machine(), compression_level=0)
    unpack(folder / "dist", folder)
    emulator = PackagedEmulator(
        folder, plan_for(local_plan), python=bare_python(folder / "python"), postgres=postgres, rabbitmq=rabbitmq
    )
    try:
        emulator.start()
        yield emulator
    finally:
        if emulator.process is not None and emulator.process.poll() is None:
            emulator.stop()
