"""The control plane as the emulator sees it: a process of its own, started by the first call that needs it.

It is started again when it died; its journal gives it back what there was. See `localregion.aws.control_plane`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from localregion.aws.control_plane import JOURNAL
from localregion.aws.http.exchange import Request, Response

START_TIMEOUT_S = 120
_TIMEOUT = aiohttp.ClientTimeout(total=60)
# Those that are about one connection.
_HOP_BY_HOP = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"})
_log = logging.getLogger("emulator.control_plane")


class ControlPlaneError(Exception):
    """The control plane does not start or does not answer."""


class ControlPlane:
    """The process and the calls to it."""

    def __init__(self, *, state: Path, region: str, account: str, addresses: Mapping[str, str]) -> None:
        self._state = state
        self._arguments = ["--state", str(state), "--region", region, "--account", account]
        self._arguments += ["--addresses", json.dumps(dict(addresses))]
        self._process: asyncio.subprocess.Process | None = None
        self._address = URL()
        self._session: aiohttp.ClientSession | None = None
        self._starting = asyncio.Lock()

    @property
    def has_resources(self) -> bool:
        """Whether anything was ever made; without it nothing is there and the process is not needed yet."""
        journal = self._state / JOURNAL
        return journal.exists() and journal.stat().st_size > 0

    async def forward(self, request: Request) -> Response:
        """Return the control plane's answer. Raises ControlPlaneError."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.items()]
        sent = [(name, value) for name, value in headers if name not in _HOP_BY_HOP]
        return await self._ask(request.method, request.target, headers=sent, body=request.body)

    async def resources(self) -> dict[str, Any]:
        """Return what there is, in the form of `GET /_localregion/resources`. Raises ControlPlaneError."""
        answer = await self._ask("GET", "/_localregion/resources", headers=[], body=b"")
        if answer.status != 200:
            raise ControlPlaneError(f"the control plane cannot say what there is: {answer.body.decode()[:500]}")
        resources: dict[str, Any] = json.loads(answer.body)
        return resources

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _ask(self, method: str, target: str, *, headers: list[tuple[str, str]], body: bytes) -> Response:
        session = await self._started()
        url = URL(f"{self._address}{target}", encoded=True)
        try:
            async with session.request(
                method, url, headers=headers, data=body, allow_redirects=False, timeout=_TIMEOUT
            ) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
                return Response(answer.status, kept, await answer.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ControlPlaneError(f"the control plane does not answer: {type(error).__name__}: {error}") from error

    async def _started(self) -> aiohttp.ClientSession:
        async with self._starting:
            if self._process is None or self._process.returncode is not None or self._session is None:
                await self._start()
            assert self._session is not None  # noqa: S101 (for mypy)
            return self._session

    async def _start(self) -> None:
        log = self._state / "logs" / "control_plane.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "localregion.aws.control_plane", *self._arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        self._address = URL(f"http://127.0.0.1:{await self._port(self._process, log)}")
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["User-Agent", "Accept"])
        _log.info("the control plane answers on %s", self._address)

    async def _port(self, process: asyncio.subprocess.Process, log: Path) -> int:
        assert process.stdout is not None  # noqa: S101 (a pipe)
        line = b""
        with contextlib.suppress(TimeoutError):
            line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
        if not line:
            if process.returncode is None:
                process.kill()
            raise ControlPlaneError(f"the control plane does not start; {log} has its words")
        return int(json.loads(line)["port"])
