"""A TCP proxy between the functions and a service: the network in between can be broken in every way.

Refused: no listener. Reset: every connection ends with RST. Black hole: connections stay open and nothing arrives,
in either direction; whether it arrives late, once the network is whole again, is chosen. Slow: every chunk waits. Cut:
the next chunk arrives by half, then the connection is reset. Packets of a black hole are still acknowledged by this
machine's kernel, so a client notices by its own deadlines and not by TCP's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from proof.chaos.traps import Conversation, Trap

HOST = "127.0.0.1"
_CHUNK = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

T = TypeVar("T")


class Network:
    """The event loop that all proxies run in, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()
        self._links: list[Link] = []

    def link(self, *, server_port: int, port: int) -> Link:
        """Open a proxy on `port` in front of 127.0.0.1:`server_port`."""
        link = Link(self.call, server_port=server_port, port=port)
        self.call(link.listen())
        self._links.append(link)
        return link

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        for link in self._links:
            link.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Link:
    """One proxied port. Its public methods may be called from any thread and return once they have taken effect."""

    def __init__(self, call: Callable[[Coroutine[Any, Any, Any]], Any], *, server_port: int, port: int) -> None:
        self.port = port
        self._call = call
        self._server_port = server_port
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._traps: list[Trap] = []
        self.delay_s = 0.0
        self.is_whole = asyncio.Event()
        self.is_whole.set()
        self.cuts_due = 0
        # What shows that a fault bit.
        self.cuts_made = 0
        self.chunks_delayed = 0
        self.chunks_held = 0

    async def listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)

    def refuse(self) -> None:
        """Refuse new connections and reset those there are."""
        self._call(self._refuse())

    def reset(self) -> int:
        """Reset every connection; new ones are welcome. Returns how many there were."""
        return int(self._call(self._reset()))

    def black_hole(self) -> None:
        """Let nothing through until `heal`."""
        self._call(self._swallow())

    def slow(self, delay_s: float) -> None:
        """Let every chunk wait this long."""
        self.delay_s = delay_s

    def cut(self, times: int = 1) -> None:
        """Let the next chunks, one on each of `times` connections, arrive by half."""
        self.cuts_due = times

    def heal(self, *, deliver_late: bool = True) -> None:
        """Make the network whole. What a black hole held is delivered now, or its connections are reset."""
        self._call(self._heal(deliver_late))

    def set_trap(self, trap: Trap) -> Trap:
        self._traps.append(trap)
        return trap

    def remove_trap(self, trap: Trap) -> None:
        with contextlib.suppress(ValueError):
            self._traps.remove(trap)

    @property
    def connection_count(self) -> int:
        return len(self._connections)

    def trap_for(self, conversation: Conversation, data: bytes) -> Trap | None:
        return next((trap for trap in list(self._traps) if trap.is_met(conversation, data)), None)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> int:
        connections = list(self._connections)
        for connection in connections:
            connection.reset()
        return len(connections)

    async def _swallow(self) -> None:
        self.is_whole.clear()

    async def _heal(self, deliver_late: bool) -> None:
        self.delay_s, self.cuts_due = 0.0, 0
        if not deliver_late and not self.is_whole.is_set():
            await self._reset()
        self.is_whole.set()
        await self.listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A service that is down refuses: so does its proxy.
        try:
            server = await asyncio.open_connection(HOST, self._server_port)
        except OSError:
            _reset(writer)
            return
        connection = _Connection(self, client=(reader, writer), server=server)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)


class _Connection:
    """One client's connection and ours to the server behind it."""

    def __init__(
        self,
        link: Link,
        *,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._link = link
        self._client = client
        self._server = server
        self._tasks: list[asyncio.Task[None]] = []
        self._conversation = Conversation(client_port=client[1].get_extra_info("peername")[1], proxy_port=link.port)

    async def run(self) -> None:
        self._tasks = [asyncio.create_task(self._requests()), asyncio.create_task(self._answers())]
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self.reset() if self._was_broken() else self._close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def reset(self) -> None:
        for task in self._tasks:
            task.cancel()
        for writer in (self._client[1], self._server[1]):
            _reset(writer)

    def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for writer in (self._client[1], self._server[1]):
            writer.close()

    def _was_broken(self) -> bool:
        return any(task.done() and not task.cancelled() and task.exception() is not None for task in self._tasks)

    async def _requests(self) -> None:
        reader, writer = self._client[0], self._server[1]
        while data := await reader.read(_CHUNK):
            self._conversation.hear(data)
            trap = self._link.trap_for(self._conversation, data)
            if trap is not None and trap.when == "request":
                await self._spring(trap)
            elif trap is not None:
                self._conversation.armed = [trap]
            await self._forward(data, writer)

    async def _answers(self) -> None:
        reader, writer = self._server[0], self._client[1]
        while data := await reader.read(_CHUNK):
            armed, self._conversation.armed = self._conversation.armed, []
            for trap in armed:
                await self._spring(trap)
            await self._forward(data, writer)

    async def _spring(self, trap: Trap) -> None:
        # Looking for the client's pid walks through all processes: not in the loop.
        await asyncio.to_thread(trap.fire, self._conversation)
        raise ConnectionResetError("a trap")

    async def _forward(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        link = self._link
        if link.delay_s:
            link.chunks_delayed += 1
            await asyncio.sleep(link.delay_s)
        if not link.is_whole.is_set():
            link.chunks_held += 1
            await link.is_whole.wait()
        if link.cuts_due > 0 and len(data) > 1:
            link.cuts_due -= 1
            link.cuts_made += 1
            writer.write(data[: len(data) // 2])
            await writer.drain()
            raise ConnectionResetError("cut in the middle")
        writer.write(data)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST instead of FIN."""
    with contextlib.suppress(OSError):
        connection = writer.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
