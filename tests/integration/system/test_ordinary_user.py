"""The services run as an ordinary user too; the rest of the suite shows it for whoever runs that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from system import unprivileged
from system.folder import ROOT
from tests.services import RunningRabbitMQ

PROGRAM = Path(__file__).with_name("as_ordinary_user.py")


@pytest.mark.skipif(os.geteuid() != 0, reason="the suite itself runs as an ordinary user")
def test_postgres_and_rabbitmq_run_as_an_ordinary_user_beside_those_of_root(
    rabbitmq: RunningRabbitMQ, services_folder: Path
) -> None:
    folder = services_folder / "ordinary"
    unprivileged.make_empty_folder(folder)
    argv = [sys.executable, str(PROGRAM), str(folder)]
    done = subprocess.run(
        unprivileged.command(argv, needs=[Path(sys.executable).resolve(), PROGRAM]),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'local'}", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("works\n", 0), done.stderr
    assert rabbitmq.node.is_ready()
