"""`make up`: start the supervisor or tell the running one what changed, and show how far it is until all is healthy."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from localregion import extension, project
from localregion.errors import CommandError
from localregion.plan import model
from localregion.services import install
from localregion.services.leftovers import Records, end_all
from localregion.services.ports import Ports, variable
from localregion.system import control, endpoints
from localregion.system.configuration import known_plan
from localregion.system.deployed import empty_plan, region_of
from localregion.system.down import end
from localregion.system.folder import Folder, last_lines, write_private
from localregion.system.remembered_ports import ports_to_use, remember
from localregion.system.service_names import parts_of, ports_of, settings
from localregion.system.status import emulator_status, unhealthy_reason

_HEALTHY_TIMEOUT_S = 180
_POLL_INTERVAL_S = 0.1
_LOG_LINES = 20


class UpError(CommandError):
    """The system did not come up; the text names the part and shows the end of its log."""


def up(folder: Folder) -> None:
    """Return when the whole system is healthy; the URLs and a `curl` line have been printed then. Raises UpError."""
    if region_of(folder) is not None:
        raise UpError(_holds(folder, "a region that others deploy into", "region"))
    folder.make()
    ports = ports_to_use(folder, os.environ)
    parts = parts_of(known_plan(project.current().root))
    if "rabbitmq" in parts:
        install.ensure_rabbitmq()
    with _alone(folder):
        seconds = _boot(folder, ports, parts)
        with _going_on_when_interrupted():
            _wait_until_serving(folder)
        _print_urls(folder, seconds)
        if line := extension.invitation(project.current(), endpoints.load(folder)):
            print(line)


def region(folder: Folder) -> None:
    """Return when a region answers that others deploy into, with what was deployed before. Raises UpError."""
    if folder.plan.exists() and region_of(folder) is None:
        raise UpError(_holds(folder, "the system of this project's program", "up"))
    folder.make()
    name = os.environ.get("AWS_REGION") or region_of(folder) or "us-east-1"
    if region_of(folder) not in (None, name):
        raise UpError(f"{folder.path} is the region {region_of(folder)}: `{project.command('clean')}` forgets it")
    write_private(folder.region, json.dumps({"region": name}) + "\n")
    ports = ports_to_use(folder, os.environ)
    parts = parts_of(model.load(folder.plan) if folder.plan.exists() else empty_plan(name))
    with _alone(folder):
        _print_urls(folder, _boot(folder, ports, parts))
        print(
            f"deploy with AWS_ENDPOINT_URL={endpoints.load(folder)['aws']} AWS_DEFAULT_REGION={name} "
            "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
        )


def _holds(folder: Folder, what: str, command: str) -> str:
    return (
        f"{folder.path} holds {what} (`{project.command(command)}`): `{project.command('clean')}` forgets it, or name "
        "another folder with LOCAL_DIR, and other ports"
    )


def _boot(folder: Folder, ports: Ports, parts: set[str]) -> float:
    """Start the system or have it apply what changed; return after how many seconds it was healthy."""
    began = time.monotonic()
    if not _is_told_to_apply(folder, ports, parts):
        _start_supervisor(folder, ports, parts)
        remember(folder, ports)
    with _going_on_when_interrupted():
        _follow(folder)
        _wait_until_healthy(folder)
    return time.monotonic() - began


@contextlib.contextmanager
def _going_on_when_interrupted() -> Iterator[None]:
    """Ctrl-C ends this command, and not the supervisor: say so."""
    try:
        yield
    except KeyboardInterrupt:
        status, down = project.command("status"), project.command("down")
        print(f"\nthe boot goes on: `{status}` says how far it is, `{down}` ends it", file=sys.stderr)
        raise


@contextlib.contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    with (folder.run / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another `{project.command('up')}` is at work here; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_told_to_apply(folder: Folder, ports: Ports, parts: set[str]) -> bool:
    """Tell a running supervisor to apply what changed; one with other settings is ended."""
    try:
        status = control.ask(folder.run, {"command": "status"})
    except ConnectionError:
        return False
    running = status["settings"]
    if running != settings(os.environ, ports):
        # Before anything ends. What this system has itself becomes free.
        own = {running[name] for name in ports.environment()}
        ports.check_free({port for port in ports_of(parts) if ports.environment()[variable(port)] not in own})
        print("the ports, proxies or REQUEUE changed: starting anew")
        end(folder)
        return False
    control.ask(folder.run, {"command": "up"})
    return True


def _start_supervisor(folder: Folder, ports: Ports, parts: set[str]) -> None:
    left = end_all(Records(folder.run), folder.path)
    if left:
        raise UpError(f"left over from before and cannot be ended: {', '.join(left)}")
    ports.check_free(ports_of(parts))
    with folder.log("supervisor").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "localregion.system.daemon"],
            cwd=project.current().root,
            env={
                **os.environ,
                **ports.environment(),
                "LOCAL_DIR": str(folder.path),
                "PYTHONPATH": str(project.PACKAGE_PARENT),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while True:
        with contextlib.suppress(ConnectionError):
            control.ask(folder.run, {"command": "status"})
            return
        if supervisor.poll() is not None:
            raise UpError(f"the supervisor ended at once:\n{last_lines(folder.log('supervisor'), _LOG_LINES)}")
        time.sleep(_POLL_INTERVAL_S)


def _follow(folder: Folder) -> None:
    """Print each part once it runs; return when all do."""
    shown: set[str] = set()
    while True:
        try:
            status = control.ask(folder.run, {"command": "status"})
        except ConnectionError as error:
            raise UpError(
                f"the supervisor is gone ({error}):\n{last_lines(folder.log('supervisor'), _LOG_LINES)}"
            ) from error
        for name, seconds in sorted(status["seconds"].items(), key=lambda item: item[1]):
            if name not in shown:
                shown.add(name)
                print(f"  {name:<12} ready after {seconds:5.1f} s  {_address(status, name)}".rstrip(), flush=True)
        if status["phase"] == "up":
            return
        if status["phase"] == "failed":
            _give_up(folder, status["failure"])
        time.sleep(_POLL_INTERVAL_S)


def _give_up(folder: Folder, failure: dict[str, str]) -> None:
    log = folder.log(failure["part"])
    text = f"{failure['part']}: {failure['text']}"
    if lines := last_lines(log, _LOG_LINES):
        text += f"\n--- the end of {log} ---\n{lines}"
    end(folder)
    raise UpError(text)


def _address(status: dict[str, Any], name: str) -> str:
    part = status["parts"].get(name)
    return part["address"] if part else ""


def _wait_until_healthy(folder: Folder) -> None:
    """Wait for the release and the event source mappings, which the emulator works on once it answers."""
    began = time.monotonic()
    address = endpoints.load(folder)["aws"]
    while (reason := unhealthy_reason(status := emulator_status(address))) is not None:
        if status is not None and status["failure"]:
            raise UpError(f"{status['failure']}; the region answers on {address}: change it there, or delete it")
        if time.monotonic() - began > _HEALTHY_TIMEOUT_S:
            log = last_lines(folder.log("emulator"), _LOG_LINES)
            raise UpError(f"emulator: {reason}\n--- the end of {folder.log('emulator')} ---\n{log}")
        time.sleep(_POLL_INTERVAL_S)
    print(f"  {'functions':<12} ready after {time.monotonic() - began:5.1f} s more: released, mappings enabled")


def _wait_until_serving(folder: Folder) -> None:
    """Wait for a gateway that is configured by what functions write."""
    began = time.monotonic()
    while (gateway := control.ask(folder.run, {"command": "status"})["parts"].get("gateway")) is not None:
        if gateway["answers"]:
            return
        if gateway["failure"] is not None or time.monotonic() - began > _HEALTHY_TIMEOUT_S:
            log = folder.log("gateway" if gateway["failure"] is not None else "configurator")
            reason = gateway["failure"] or "is not configured"
            raise UpError(f"gateway: {reason}\n--- the end of {log} ---\n{last_lines(log, _LOG_LINES)}")
        time.sleep(_POLL_INTERVAL_S)


def _print_urls(folder: Folder, seconds: float) -> None:
    known = endpoints.load(folder)
    print(f"\nup after {seconds:.1f} s")
    if "gateway" in known:
        print(f"  gateway     {known['gateway']}")
    print(f"  console     {known['console']}")
    print(f"  AWS APIs    {known['aws']}")
    if "management" in known:
        print(f"  RabbitMQ    {known['management']}  (user {known['management_user']})")
    if "postgres" in known:
        print(f"  Postgres    {project.command('psql')}")
    print(f"  keys, DSN and the rest: {os.path.relpath(folder.endpoints)}\n")
