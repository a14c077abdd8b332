"""`python -m localregion.system.daemon`: one system's supervisor, as a process that answers on the control socket.

One per state folder (a lock says so). It ends what a killed predecessor left, and everything when it is asked to go or
gets SIGTERM. It takes its ports from the environment.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from localregion import rotation
from localregion.services.leftovers import Records, end_all
from localregion.services.ports import Ports
from localregion.services.process import Record
from localregion.system.configuration import CurrentConfiguration, HasConfiguration
from localregion.system.control import Answer, ControlServer, Request
from localregion.system.deployed import DeployedConfiguration, region_of
from localregion.system.folder import Folder
from localregion.system.parts import all_parts
from localregion.system.service_names import SERVICES, parts_of, ports_of
from localregion.system.supervisor import Supervisor


def serve(supervisor: Supervisor, folder: Folder) -> None:
    """Bring the system up and answer requests until one says `down`, or a signal does."""

    def handle(request: Request) -> Answer:
        return _answer(supervisor, request, close)

    server = ControlServer(folder.run, handle)

    def close(*_: Any) -> None:
        server.close()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, close)
    is_over = threading.Event()
    threading.Thread(target=rotation.keep_small, args=[folder.logs, is_over], daemon=True).start()
    threading.Thread(target=supervisor.bring_up, daemon=True).start()
    server.serve_forever()
    supervisor.close()
    is_over.set()


def _answer(supervisor: Supervisor, request: Request, close: Callable[[], None]) -> Answer:
    match request:
        case {"command": "status"}:
            return supervisor.status()
        case {"command": "up"}:
            threading.Thread(target=supervisor.bring_up, daemon=True).start()
            return {}
        case {"command": "apply"}:
            return supervisor.apply()
        case {"command": "down"}:
            close()
            return {}
        case {"command": "start" | "stop" as command, "service": service} if service in SERVICES:
            return supervisor.start(service) if command == "start" else supervisor.stop(service)
    return {"error": f"not understood: {request}"}


def _configuration(folder: Folder, ports: Ports) -> HasConfiguration:
    region = region_of(folder)
    return CurrentConfiguration(folder, ports) if region is None else DeployedConfiguration(folder, ports, region)


def main() -> int:
    folder, ports = Folder.from_environment(os.environ), Ports.from_environment(os.environ)
    folder.make()
    with (folder.run / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("a supervisor runs already", file=sys.stderr)
            return 1
        records = Records(folder.run)
        end_all(records, folder.path)
        current = _configuration(folder, ports)
        ports.check_free(ports_of(parts_of(current.plan())))
        records.write(Record.of("supervisor", os.getpid()))
        parts = all_parts(folder, ports, current, region=region_of(folder))
        serve(Supervisor(folder, ports, current, parts), folder)
        records.remove("supervisor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
