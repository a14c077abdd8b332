"""The raw floor is a floor of something: its hops carry whole messages, also those that come early or in pieces."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from localregion.services.ports import free_ports
from proof.bench import load, raw_floor


@contextlib.contextmanager
def part(*arguments: str) -> Iterator[None]:
    """One part of the floor, once it listens."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-m", "proof.bench.raw_floor", *arguments], env=environment) as process:
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), connected(int(arguments[1])):
                    break
            yield
        finally:
            process.terminate()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    front, hub = free_ports(2)
    with part("hub", str(hub)), part("front", str(front), str(hub)):
        yield front, hub


def test_a_request_becomes_an_event_and_the_functions_answer_comes_back(ports: tuple[int, int]) -> None:
    front, hub = ports
    for _ in range(3):  # each client is a new one: what it sends at once arrives before the hub is connected
        with connected(front) as client, connected(hub) as function:
            request = load.request(front, "/orders", "key")
            client.sendall(request[:20])
            client.sendall(request[20:])
            function.sendall(raw_floor.NEXT)
            event = json.loads(raw_floor._received(function))
            assert (event["httpMethod"], event["path"], event["headers"]["apikey"]) == ("POST", "/orders", "key")
            assert event["body"].encode() == load.ORDER
            answer = json.dumps({"statusCode": 201, "body": "done"}).encode()
            function.sendall(raw_floor.message("POST /response HTTP/1.1", answer))
            assert raw_floor._received(client) == b"done"
            assert raw_floor._received(function) == b""


def test_a_proxy_hands_on_what_it_does_not_read() -> None:
    port, upstream = free_ports(2)
    with socket.create_server(("127.0.0.1", upstream)) as server, part("proxy", str(port), str(upstream)):
        probe, _ = server.accept()  # of `part`, which asked whether it listens and has gone
        probe.settimeout(10)
        with probe:
            assert probe.recv(1) == b""
        with connected(port) as client:
            client.sendall(b"no HTTP at all")
            behind, _ = server.accept()
            behind.settimeout(10)
            with behind:
                assert behind.recv(100) == b"no HTTP at all"
                behind.sendall(b"nor this")
                assert client.recv(100) == b"nor this"
