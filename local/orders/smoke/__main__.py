"""`python -m orders.smoke URL`: check a deployment, step by step; exit status 1 at the first thing that is wrong.

The API key is in the environment (KEY), where the list of processes does not show it, or in `--key`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping

from orders.smoke.http_client import HttpClient, SmokeError
from orders.smoke.steps import Smoke, Step

# Longer than the gateway waits for a function.
REQUEST_TIMEOUT_S = 30.0
# Longer than an order waits that went through the relay (90 s).
INVOICE_TIMEOUT_S = 100.0


def main(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    options = _parser().parse_args(arguments)
    key = options.key or environ.get("KEY", "")
    try:
        if not options.url or not key:
            raise SmokeError("say what to check and with which API key: make smoke URL=https://… KEY=…")
        client = HttpClient(options.url, timeout_s=REQUEST_TIMEOUT_S)
        run(Smoke(client, key, invoice_timeout_s=options.timeout).steps())
    except SmokeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("all good")
    return 0


def run(steps: list[Step]) -> None:
    """Run each step and print it with its time. Raises SmokeError."""
    for name, step in steps:
        began = time.monotonic()
        try:
            said = step()
        except SmokeError:
            print(f"  {name:<36} FAILED after {(time.monotonic() - began) * 1000:.0f} ms", flush=True)
            raise
        print(f"  {name:<36} {(time.monotonic() - began) * 1000:7.0f} ms  {said}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orders.smoke", description="Check a deployment from outside.")
    parser.add_argument("url", nargs="?", default="", help="where the API is, such as https://orders.example.com")
    parser.add_argument("--key", default="", help="an API key (default: the variable KEY)")
    parser.add_argument(
        "--timeout",
        type=float,
        default=INVOICE_TIMEOUT_S,
        help="how many seconds the invoice may take (default: %(default)g)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
