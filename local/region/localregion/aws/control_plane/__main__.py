"""`python -m localregion.aws.control_plane`: answer the APIs that describe, until SIGTERM or the end of stdin.

When what the journal holds is there again, one line on stdout says the port: {"port": 40123}.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from localregion.aws.control_plane import JOURNAL, surroundings
from localregion.aws.control_plane.addresses import Addresses

_log = logging.getLogger("control_plane")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m localregion.aws.control_plane", description="Answer the AWS APIs that describe resources."
    )
    parser.add_argument("--state", type=Path, required=True, help="folder of what is remembered")
    parser.add_argument("--region", default="us-east-1", help="region of what is not signed for one")
    parser.add_argument("--account", default="000000000000", help="account of every resource")
    parser.add_argument("--addresses", type=Addresses.parse, required=True, help="JSON: where what is described runs")
    parser.add_argument(
        "--allowed-host",
        dest="allowed_hosts",
        action="append",
        default=[],
        metavar="NAME",
        help="a name by which it may be called, beside addresses; may be repeated",
    )
    return parser.parse_args(arguments)


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    arguments = parse_arguments(sys.argv[1:])
    surroundings.prepare(account=arguments.account, region=arguments.region)
    # Only now, for moto reads its settings when it is imported.
    from localregion.aws.control_plane.server import bound

    server = bound(
        arguments.state / JOURNAL,
        account=arguments.account,
        addresses=arguments.addresses,
        allowed_hosts=tuple(arguments.allowed_hosts),
    )

    def stop(*_: Any) -> None:
        # It waits for the loop that this thread may be in.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=_wait_for_end_of_stdin, args=(stop,), daemon=True).start()
    sys.stdout.write(json.dumps({"port": server.port}) + "\n")
    sys.stdout.flush()
    server.serve_forever()
    return 0


def _wait_for_end_of_stdin(stop: Any) -> None:
    # Not by `sys.stdin`: Python could not end while a thread waits in there.
    while os.read(0, 4096):
        pass
    stop()


if __name__ == "__main__":
    sys.exit(main())
