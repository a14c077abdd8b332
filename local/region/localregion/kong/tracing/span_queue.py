"""Send spans to a collector in the background: in batches, from a queue of bounded length.

No request waits for it or fails with it. While the collector is dead, slow or frozen the queue keeps the newest
spans up to its length; dropped spans are counted in the log. The rules are those of Kong's queue. A batch goes out
when it is full or its first span has waited `max_coalescing_delay`. A failed batch is tried again after delays that
double, until `max_retry_time` is over. https://docs.konghq.com/gateway/latest/kong-plugins/queue/
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from localregion.kong.http_client import HttpClient, Server, Timeouts
from localregion.kong.http_connection import HttpClientError

_LOG = logging.getLogger("gateway.spans")
# As JSON, one character per byte.
Span = str


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """Kong's `queue` fields, by their names."""

    max_batch_size: int
    max_coalescing_delay: float
    max_entries: int
    max_retry_time: float
    initial_retry_delay: float
    max_retry_delay: float


class SpanQueue:
    """The spans of one plugin configuration on their way to its collector. Used inside one event loop."""

    def __init__(self, endpoint: str, settings: QueueSettings, timeouts: Timeouts) -> None:
        url = urlsplit(endpoint)
        self._server = Server(url.hostname or "", url.port or 80)
        target = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        self._head = f"POST {target} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        self._settings = settings
        self._timeouts = timeouts
        self._client = HttpClient()
        self._entries: deque[Span] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._batch_is_full = asyncio.Event()
        self.is_failing = self._is_stopping = False
        self._lost = 0

    def __len__(self) -> int:
        return len(self._entries)

    def is_idle(self) -> bool:
        return self._sender is None or self._sender.done()

    def put(self, spans: list[Span]) -> None:
        """Take spans, in place of the oldest when there is no room."""
        for span in spans:
            if len(self._entries) >= self._settings.max_entries:
                self._entries.popleft()
                self._lost += 1
            self._entries.append(span)
        if len(self._entries) >= self._settings.max_batch_size:
            self._batch_is_full.set()
        if self.is_idle():
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    async def stop(self, limit_s: float) -> None:
        """Send what is left, within a time."""
        self._is_stopping = True
        self._batch_is_full.set()
        if self._sender is not None:
            await asyncio.wait([self._sender], timeout=limit_s)
            self._sender.cancel()
            await asyncio.wait([self._sender])
        await self._client.close()

    async def _send_all(self) -> None:
        while self._entries:
            await self._wait_for_more()
            size = min(len(self._entries), self._settings.max_batch_size)
            batch = [self._entries.popleft() for _ in range(size)]
            if not await self._deliver(batch):
                self._lost += len(batch)

    async def _wait_for_more(self) -> None:
        if self._is_stopping or len(self._entries) >= self._settings.max_batch_size:
            return
        self._batch_is_full.clear()
        try:
            async with asyncio.timeout(self._settings.max_coalescing_delay):
                await self._batch_is_full.wait()
        except TimeoutError:
            return

    async def _deliver(self, batch: list[Span]) -> bool:
        """Try until it succeeds or the time for it is over; once when the gateway stops."""
        loop = asyncio.get_running_loop()
        body = f"[{','.join(batch)}]".encode("latin-1")
        request = f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body
        give_up_at = loop.time() + self._settings.max_retry_time
        delay_s = self._settings.initial_retry_delay
        while not await self._attempt(request):
            if self._is_stopping or loop.time() + delay_s > give_up_at:
                return False
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, self._settings.max_retry_delay)
        return True

    async def _attempt(self, request: bytes) -> bool:
        try:
            answer = await self._client.send(self._server, request, self._timeouts)
        except HttpClientError as error:
            return self._note(str(error))
        return self._note("" if 200 <= answer.status < 300 else f"answered {answer.status}")

    def _note(self, failure: str) -> bool:
        """Log the first failure of a row and the recovery, not what lies between; say whether it was a success."""
        if failure and not self.is_failing:
            _LOG.warning("the collector of spans fails: %s", failure)
        elif self.is_failing and not failure:
            _LOG.warning("the collector of spans is back, %d spans were lost", self._lost)
            self._lost = 0
        self.is_failing = bool(failure)
        return not failure
