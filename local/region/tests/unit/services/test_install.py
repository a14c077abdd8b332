"""Installing RabbitMQ, with programs of our own in the place of apt-get and its like."""

import os
from pathlib import Path

import pytest

from localregion.services.install import InstallError, ensure_rabbitmq

SCRIPT = "rabbitmq_server-3.10.8/sbin/rabbitmq-server"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose only programs are those in `bin/`; what they were asked is in `calls`."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "library").mkdir()
    for name in ("env", "tee", "chmod", "rm", "mkdir", "touch"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    (tmp_path / "calls").touch()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    program(tmp_path, "epmd", "exit 0")
    return tmp_path


def program(machine: Path, name: str, body: str) -> None:
    path = machine / "bin" / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >> {machine}/calls\n{body}\n')
    path.chmod(0o755)


def apt(machine: Path, *, has_lists: bool = True, works: bool = True) -> None:
    script = machine / "library" / SCRIPT
    install = f"mkdir -p {script.parent}; touch {script}" if works else "exit 100"
    program(machine, "apt-cache", "exit 0" if has_lists else "exit 1")
    program(machine, "apt-get", f'[ "$1" = update ] || {{ [ -e {machine}/policy ] || exit 7; {install}; }}')


def install(machine: Path) -> list[str]:
    ensure_rabbitmq(library=machine / "library", policy=machine / "policy")
    return [line.split()[0] + " " + line.split()[1] for line in (machine / "calls").read_text().splitlines()]


def test_an_installed_broker_is_left_alone(machine: Path) -> None:
    script = machine / "library" / SCRIPT
    script.parent.mkdir(parents=True)
    script.touch()
    assert install(machine) == []


def test_no_service_may_start_while_the_package_is_installed_and_the_rule_is_gone_after(machine: Path) -> None:
    apt(machine)
    program(machine, "systemctl", "exit 0")
    assert install(machine) == ["apt-cache show", "apt-get install", "systemctl disable"]
    assert not (machine / "policy").exists()


def test_package_lists_are_fetched_when_there_are_none(machine: Path) -> None:
    apt(machine, has_lists=False)
    assert install(machine) == ["apt-cache show", "apt-get update", "apt-get install"]


def test_a_policy_of_the_machine_stays(machine: Path) -> None:
    apt(machine)
    (machine / "policy").write_text("its own")
    install(machine)
    assert (machine / "policy").read_text() == "its own"


def test_a_failed_installation_is_tried_once_more_with_new_lists_and_then_explained(machine: Path) -> None:
    apt(machine, works=False)
    with pytest.raises(InstallError, match="apt-get install --no-install-recommends rabbitmq-server"):
        install(machine)
    assert (machine / "calls").read_text().count("apt-get install") == 2
    assert not (machine / "policy").exists()


def test_who_may_not_install_is_told_what_to_run(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt(machine)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(InstallError, match="sudo apt-get update"):
        install(machine)
    program(machine, "sudo", "exit 1")
    with pytest.raises(InstallError, match="sudo apt-get update"):
        install(machine)
    assert "apt-get" not in (machine / "calls").read_text()
