"""`python -m localregion.compose prepare|release|urls`: one-shot services of docker-compose.yml, in this order.

And `configurator`, which stays: the plan's script beside Kong.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from localregion.compose import configurator, prepare, release, urls


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (prepare.PrepareError, release.ReleaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.command == "prepare":
        # What others may read is for the group that the compose file gives them.
        os.umask(0o027)
        prepare.prepare(options.configuration)
    elif options.command == "release":
        release.wait(options.emulator, timeout_s=options.timeout_s)
    elif options.command == "configurator":
        configurator.run(options.configuration)
    else:
        urls.show(options.secrets, gateway_port=options.gateway_port, aws_port=options.aws_port, ui=options.jaeger_port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localregion.compose", description="One-shot services of docker-compose.yml."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    preparing = commands.add_parser("prepare", help="write what every other service reads")
    preparing.add_argument("--configuration", type=Path, required=True, help="folder with one subfolder per service")
    releasing = commands.add_parser("release", help="wait until the plan's release succeeded and mappings are enabled")
    releasing.add_argument("--emulator", required=True, help="the emulator's URL")
    releasing.add_argument("--timeout-s", type=float, default=180.0, help="give up after (default 180)")
    configuring = commands.add_parser("configurator", help="run the plan's script beside Kong, with its variables")
    configuring.add_argument("--configuration", type=Path, required=True, help="the file that `prepare` wrote")
    showing = commands.add_parser("urls", help="print where everything is and a curl line")
    showing.add_argument("--secrets", type=Path, required=True)
    for name in ("gateway", "aws", "jaeger"):
        showing.add_argument(f"--{name}-port", type=int, required=True, help="as published on the host")
    return parser


if __name__ == "__main__":
    sys.exit(main())
