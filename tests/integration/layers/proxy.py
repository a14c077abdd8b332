"""A proxy between a client and a real broker: it ends TLS, stops reading, says what a broker says at bad moments."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import ssl
import termios
import threading
import time
from types import TracebackType


class Proxy:
    """Listens on 127.0.0.1; `context` makes it speak TLS to its clients."""

    def __init__(self, target_port: int, *, context: ssl.SSLContext | None = None) -> None:
        self.connections: list[socket.socket] = []
        self._target_port = target_port
        self._context = context
        self._is_forwarding = threading.Event()
        self._is_forwarding.set()
        self._answer = b""
        self._closings: dict[bytes, bytes] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Proxy:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on()
        # A thread that accepts is woken by shutdown, not by close.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            _end(connection)
        for thread in self._threads:
            thread.join()

    def stop_reading(self) -> None:
        """Leave what clients send unread, from now on."""
        self._is_forwarding.clear()

    def go_on(self) -> None:
        self._is_forwarding.set()

    def say(self, data: bytes) -> None:
        """Send this to the newest client, as if its broker had; it can be read when this returns."""
        connection = self.connections[-1]
        connection.sendall(data)
        while fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)) != bytes(4):
            time.sleep(0.001)

    def answer_next_with(self, data: bytes) -> None:
        """Send this to the client that sends something next, before anything else is done with what it sent."""
        self._answer = data

    def close_over(self, marker: bytes, farewell: bytes) -> None:
        """Give no broker what holds this marker: say farewell to the client that sends it, and end its connection."""
        self._closings[marker] = farewell

    def hang_up(self) -> None:
        """End the newest connection."""
        _end(self.connections[-1])

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=[client], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        # A client that does not trust us ends the handshake; one that has left ends the rest.
        with contextlib.suppress(OSError):
            client = plain if self._context is None else self._context.wrap_socket(plain, server_side=True)
            self.connections.append(client)
            with client, socket.create_connection(("127.0.0.1", self._target_port)) as broker:
                back = threading.Thread(target=_copy, args=[broker, client], daemon=True)
                back.start()
                self._forward(client, broker)
                back.join()
        plain.close()

    def _forward(self, client: socket.socket, broker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                answer, self._answer = self._answer, b""
                client.sendall(answer)
                self._is_forwarding.wait()
                if (marker := next((each for each in self._closings if each in data), None)) is not None:
                    client.sendall(self._closings[marker])
                    break
                broker.sendall(data)
        _end(client)
        _end(broker)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    _end(source)
    _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
