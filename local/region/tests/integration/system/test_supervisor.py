"""The supervisor over parts that only sleep: restarts what dies, leaves nothing behind, also after its own death."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.system.fake_system import PLAN

from localregion import rotation
from localregion.project import PACKAGE_PARENT
from localregion.services.leftovers import Records, marked
from localregion.services.ports import PortError
from localregion.system import control, endpoints
from localregion.system import up as up_module
from localregion.system.down import down
from localregion.system.folder import Folder

FAKE_SYSTEM = Path(__file__).with_name("fake_system.py")

Boot = Callable[..., subprocess.Popen[bytes]]


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (outcome := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return outcome


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    # Longer than a Unix socket's path may be.
    return Folder(tmp_path / ("long" * 30))


@pytest.fixture
def boot(folder: Folder) -> Iterator[Boot]:
    supervisors: list[subprocess.Popen[bytes]] = []

    def start(dying: str = "") -> subprocess.Popen[bytes]:
        supervisor = subprocess.Popen(
            [sys.executable, FAKE_SYSTEM, folder.path, dying],
            env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)},
        )
        supervisors.append(supervisor)
        wait_for(lambda: phase(folder) in ("up", "failed"))
        return supervisor

    yield start
    down(folder)
    for supervisor in supervisors:
        supervisor.wait()


def status(folder: Folder) -> dict[str, Any]:
    return control.ask(folder.run, {"command": "status"})


def phase(folder: Folder) -> str:
    try:
        return str(status(folder)["phase"])
    except ConnectionError:
        return "no supervisor"


def pid(folder: Folder, part: str) -> int | None:
    found: int | None = status(folder)["parts"][part]["pid"]
    return found


def test_a_killed_part_is_started_again_and_its_new_pid_is_published(boot: Boot, folder: Folder) -> None:
    boot()
    before = pid(folder, "rabbitmq")
    assert before is not None
    os.kill(before, signal.SIGKILL)
    # Until it is started again it has no process id at all.
    after = wait_for(lambda: (now := pid(folder, "rabbitmq")) != before and now)
    wait_for(lambda: endpoints.load(folder)["pids"]["rabbitmq"] == after)


def test_a_part_that_is_frozen_does_not_answer(boot: Boot, folder: Folder) -> None:
    boot()
    frozen = pid(folder, "gateway")
    assert frozen is not None
    os.kill(frozen, signal.SIGSTOP)
    wait_for(lambda: not status(folder)["parts"]["gateway"]["answers"])
    assert status(folder)["parts"]["gateway"]["frozen"]
    os.kill(frozen, signal.SIGCONT)
    wait_for(lambda: status(folder)["parts"]["gateway"]["answers"])


def test_a_log_that_is_full_is_cut_while_its_part_runs(boot: Boot, folder: Folder) -> None:
    boot()
    log = folder.log("rabbitmq")
    with log.open("ab") as appended:
        appended.write(b"a line of a broker\n" * (rotation.LIMIT_BYTES // 19 + 1))
    wait_for(lambda: log.stat().st_size == 0)
    assert rotation.former(log).stat().st_size > rotation.LIMIT_BYTES
    assert status(folder)["parts"]["rabbitmq"]["state"] == "running"


def test_a_port_that_is_taken_is_said_before_anything_ends(
    boot: Boot, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot()
    monkeypatch.setattr(up_module, "known_plan", lambda _: PLAN)
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("GATEWAY_PORT", str(other.getsockname()[1]))
        with pytest.raises(PortError, match=r"GATEWAY_PORT=\.\.\."):
            up_module.up(folder)
    assert phase(folder) == "up"


def test_down_names_what_ran(boot: Boot, folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    boot()
    down(folder)
    assert capsys.readouterr().out == "stopped: emulator, gateway, postgres, rabbitmq\n"


def test_a_part_that_was_stopped_stays_stopped_until_it_is_started(boot: Boot, folder: Folder) -> None:
    boot()
    control.ask(folder.run, {"command": "stop", "service": "emulator"})
    assert (pid(folder, "emulator"), status(folder)["parts"]["emulator"]["state"]) == (None, "stopped")
    control.ask(folder.run, {"command": "start", "service": "emulator"})
    assert status(folder)["parts"]["emulator"]["state"] == "running"


def test_up_again_starts_what_was_stopped_and_leaves_the_rest_alone(boot: Boot, folder: Folder) -> None:
    boot()
    gateway = pid(folder, "gateway")
    control.ask(folder.run, {"command": "stop", "service": "emulator"})
    control.ask(folder.run, {"command": "up"})
    wait_for(lambda: pid(folder, "emulator"))
    assert pid(folder, "gateway") == gateway


def test_a_part_that_the_program_lacks_is_not_started_and_cannot_be(boot: Boot, folder: Folder) -> None:
    folder.path.mkdir()
    (folder.path / "without-database").touch()
    boot()
    assert status(folder)["parts"].keys() == {"rabbitmq", "gateway", "emulator"}
    for command in ("stop", "start"):
        answer = control.ask(folder.run, {"command": command, "service": "postgres"})
        assert answer == {"error": "the program has no database"}
    assert "postgres" not in endpoints.load(folder)
    assert "postgres" not in endpoints.load(folder)["pids"]


def test_up_again_follows_a_program_that_lost_its_database_and_got_it_back(boot: Boot, folder: Folder) -> None:
    boot()
    before = pid(folder, "rabbitmq")
    postgres = pid(folder, "postgres")
    assert postgres is not None
    (folder.path / "without-database").touch()
    control.ask(folder.run, {"command": "up"})
    wait_for(lambda: "postgres" not in status(folder)["parts"] and phase(folder) == "up")
    assert Records(folder.run).read("postgres") is None
    (folder.path / "without-database").unlink()
    control.ask(folder.run, {"command": "up"})
    wait_for(lambda: "postgres" in status(folder)["parts"] and pid(folder, "postgres") and phase(folder) == "up")
    assert "postgres" in endpoints.load(folder)
    assert pid(folder, "rabbitmq") == before


def test_an_unknown_service_is_refused(boot: Boot, folder: Folder) -> None:
    boot()
    assert "error" in control.ask(folder.run, {"command": "stop", "service": "epmd"})


def test_down_leaves_no_process_and_no_endpoints(boot: Boot, folder: Folder) -> None:
    supervisor = boot()
    assert len(marked(folder.path)) >= 4
    down(folder)
    assert supervisor.wait() == 0
    assert marked(folder.path) == []
    assert not folder.endpoints.exists()
    down(folder)


def test_down_after_the_supervisor_was_killed_leaves_no_process(boot: Boot, folder: Folder) -> None:
    supervisor = boot()
    supervisor.kill()
    supervisor.wait()
    assert len(marked(folder.path)) >= 4
    down(folder)
    assert marked(folder.path) == []


def test_down_finds_a_process_that_was_never_recorded(boot: Boot, folder: Folder) -> None:
    supervisor = boot()
    supervisor.kill()
    supervisor.wait()
    Records(folder.run).remove("postgres")
    down(folder)
    assert marked(folder.path) == []


def test_sigterm_ends_everything(boot: Boot, folder: Folder) -> None:
    supervisor = boot()
    supervisor.terminate()
    assert supervisor.wait() == 0
    assert marked(folder.path) == []


def test_a_part_that_dies_before_it_answers_fails_the_boot_and_is_named(boot: Boot, folder: Folder) -> None:
    boot("emulator")
    assert status(folder)["failure"] == {
        "part": "emulator",
        "text": "ended with exit status 3 before it answered",
    }
    assert "cannot work" in folder.log("emulator").read_text()
