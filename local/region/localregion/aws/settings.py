"""How this emulator runs: what its command line says and what tests set otherwise."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from localregion.aws.amqp.consumer import RequeueMethod

# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
EVENT_RETRY_DELAYS_S = (60.0, 120.0)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Paths are absolute; `state` is the folder of everything that this machine may forget.

    With a `region` functions and the rest are what is deployed into it; `addresses` says where things are here (JSON).
    """

    plan: Path
    values: Path
    secrets: Path
    state: Path
    root: Path
    port: int = 4566
    host: str = "127.0.0.1"
    allowed_hosts: tuple[str, ...] = ()
    region: str | None = None
    addresses: str = "{}"
    otlp_endpoint: str | None = None
    otlp_timeout_ms: str | None = None
    requeue: RequeueMethod = "nack"
    idle_timeout_s: float = 300.0
    concurrency_limit: int = 100
    event_retry_delays_s: tuple[float, ...] = EVENT_RETRY_DELAYS_S

    @property
    def functions_state(self) -> Path:
        return self.state / "emulator" / "functions"

    @property
    def function_logs(self) -> Path:
        return self.state / "logs" / "functions"

    @property
    def aws_endpoint_url(self) -> str:
        """Where functions find the APIs: they run beside the emulator, so the loopback serves for any `host`."""
        return f"http://127.0.0.1:{self.port}"


def parse_arguments(arguments: list[str]) -> Settings:
    parser = argparse.ArgumentParser(
        prog="python -m localregion.aws", description="Run the functions of a plan as AWS does."
    )
    parser.add_argument("--plan", type=Path, required=True, help="the plan that `make plan` wrote")
    parser.add_argument("--values", type=Path, required=True, help="a value for every reference in the plan")
    parser.add_argument("--secrets", type=Path, required=True, help="the fields of every secret in the plan")
    parser.add_argument("--state", type=Path, required=True, help="folder for logs and what the emulator remembers")
    parser.add_argument("--root", type=Path, required=True, help="the project's root, with functions/ and layers/")
    parser.add_argument("--port", type=int, default=4566, help="port of the AWS APIs (default 4566)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address of the AWS APIs (default 127.0.0.1); every client that reaches it may read secrets",
    )
    parser.add_argument(
        "--allowed-host",
        dest="allowed_hosts",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name by which the AWS APIs may be called; may be repeated",
    )
    parser.add_argument("--region", help="run what is deployed into this region, as it was written down in the plan")
    parser.add_argument(
        "--addresses", default="{}", help="JSON: where broker, database and gateway are, for those who deploy"
    )
    parser.add_argument(
        "--otlp-endpoint", help="where functions that export spans send them, in place of the plan's address"
    )
    parser.add_argument("--otlp-timeout-ms", help="how long they may try (default: what functions have)")
    parser.add_argument(
        "--requeue",
        choices=("nack", "reject", "close"),
        default="nack",
        help="how event source mappings give back a failed batch; AWS does not say which it uses (default nack)",
    )
    parser.add_argument(
        "--idle-timeout-s", type=float, default=300.0, help="end an environment after this time without work"
    )
    parser.add_argument(
        "--concurrency-limit", type=int, default=100, help="invocations in flight in the whole account (default 100)"
    )
    given = vars(parser.parse_args(arguments))
    settings = Settings(**given | {"allowed_hosts": tuple(given["allowed_hosts"])})
    absolute = {name: getattr(settings, name).resolve() for name in ("plan", "values", "secrets", "state", "root")}
    return Settings(**{**vars(settings), **absolute})
