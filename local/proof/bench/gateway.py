"""Row `gateway`: what the embedded gateway adds to a request, beside what a proxy adds that only hands bytes on.

Routes and plugins are those of `kong/kong.yml`: key, limits, sizes, trace, transformations. The function is our
emulator's with a handler that does nothing. Straight to the Invoke API goes the event that the gateway would make of
the request; through the bare proxy (`raw_floor proxy`) goes the same. Each adds what it takes longer than straight.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from configurator import consumer
from localregion.kong.config.configuration import Route
from localregion.kong.lambda_.event import build_event
from localregion.kong.request.exchange import Exchange
from localregion.kong.request.router import Match
from localregion.project import PACKAGE_PARENT
from localregion.services.ports import free_ports
from proof.bench import emulators, load
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.checkout import ROOT

PAIRS_PER_ROUND = 200
WARMING_UP = 20
# 0.3 ms on a machine whose bare proxy adds 0.075 ms.
HOPS_MAX = 4.0
FUNCTION = "answer"
_KEY = "bench-key"
_HEADERS = {"Host": "127.0.0.1", "apikey": _KEY, "Content-Type": "application/json", "User-Agent": "bench"}
_BODY = b'{"amount": 1999, "currency": "BRL"}'


def measure(*, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield the rows. Raises EmulatorFailedError when the emulator or a proxy does not start."""
    seen: list[tuple[float, float, float]] = []
    with (
        emulators.ours(folder, [emulators.function(FUNCTION, FUNCTION)]) as emulator,
        _gateway(folder, emulator.port) as port,
        _bare_proxy(folder, emulator.port) as bare_port,
        _connected(emulator.port) as to_emulator,
        _connected(port) as to_gateway,
        _connected(bare_port) as to_proxy,
    ):
        for number in range(rounds):
            progress(f"gateway: round {number + 1} of {rounds}")
            turns = [
                (_timed(to_emulator, _invocation()), _timed(to_gateway, _order()), _timed(to_proxy, _invocation()))
                for _ in range(WARMING_UP + PAIRS_PER_ROUND)
            ][WARMING_UP:]
            straight, gateway, proxy = (statistics.median(side) for side in zip(*turns, strict=True))
            seen.append((straight, gateway - straight, proxy - straight))
    yield from _rows(seen)


def _rows(seen: list[tuple[float, float, float]]) -> Iterator[Row]:
    straight, added, hop = (Sample(values, "ms") for values in zip(*seen, strict=True))
    yield Row(
        row="gateway",
        measured="added to a warm request",
        ours=added,
        beside="added by a bare proxy",
        theirs=hop,
        ratio=paired_ratio(added.values, hop.values),
        budget=Budget(figure="ratio", at="most", limit=HOPS_MAX),
    )
    yield Row(row="gateway", measured="added to a warm request", ours=added, beside="straight", theirs=straight)


def configuration() -> dict[str, Any]:
    """Return kong.yml with one function behind every route and one customer whose limit is never reached."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())
    for route in config["routes"]:
        for plugin in route["plugins"]:
            if plugin["name"] == "aws-lambda":
                plugin["config"]["function_name"] = FUNCTION
    key_hash = hashlib.sha256(_KEY.encode()).hexdigest()
    return config | {"consumers": [consumer("bench", 1_000_000, [key_hash])]}


@contextlib.contextmanager
def _gateway(folder: Path, aws_port: int) -> Iterator[int]:
    path = folder / "kong.json"
    path.write_text(json.dumps(configuration()))
    command = [sys.executable, "-m", "localregion.kong", f"--config={path}", "--port=0", f"--aws-port={aws_port}"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)}
    with (folder / "gateway.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        ready = process.stdout.readline() if process.stdout else ""
        if not ready:
            raise emulators.EmulatorFailedError(f"the gateway does not start: see {folder / 'gateway.log'}")
        yield int(ready.rpartition(":")[2])
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextlib.contextmanager
def _bare_proxy(folder: Path, upstream: int) -> Iterator[int]:
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "proof.bench.raw_floor", "proxy", str(port), str(upstream)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "local")}
    with emulators.running(command, environment, cwd=ROOT, log=folder / "floor.log", port=port) as proxy:
        yield proxy.port


@contextlib.contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def _order() -> bytes:
    return _post("/orders", _HEADERS, _BODY)


def _invocation() -> bytes:
    path = f"/2015-03-31/functions/{FUNCTION}/invocations"
    return _post(path, {"Host": "127.0.0.1"}, _event())


def _event() -> bytes:
    async def read_body() -> bytes:
        return _BODY

    exchange = Exchange(
        method="POST",
        target="/orders",
        http_version=(1, 1),
        headers=[(name.lower(), value) for name, value in _HEADERS.items()],
        peer="127.0.0.1",
        read_body=read_body,
    )
    route = Route(id="", name=None, paths=(), strip_path=False, regex_priority=0, service=None)
    exchange.match = Match(route, exchange.path)
    return build_event(exchange, _BODY, base64_encode_body=True, now=time.time())


def _post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _timed(connection: socket.socket, request: bytes) -> float:
    """Return the milliseconds from the request's first byte to the answer's last."""
    began = time.perf_counter()
    connection.sendall(request)
    data = b""
    while not (size := load.answer_size(data)) or len(data) < size:
        if not (chunk := connection.recv(65_536)):
            raise emulators.EmulatorFailedError("the connection was closed")
        data += chunk
    if not data.startswith(b"HTTP/1.1 200"):
        raise emulators.EmulatorFailedError(data.decode(errors="replace"))
    return (time.perf_counter() - began) * 1000
