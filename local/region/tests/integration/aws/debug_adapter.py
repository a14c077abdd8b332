"""As much of an editor as it takes to attach: a client of the Debug Adapter Protocol.

https://microsoft.github.io/debug-adapter-protocol/
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class DebugAdapterClient:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._socket.makefile("rb")
        self._sent = 0
        self._seen: list[dict[str, Any]] = []

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def attach(self, source: Path, line: int) -> None:
        """Attach with one breakpoint, as an editor does; the debugger says that it took it."""
        self.request("initialize", {"clientID": "test", "adapterID": "debugpy", "pathFormat": "path"})
        attaching = self._send("attach", {"name": "test", "type": "debugpy", "request": "attach"})
        self.wait_for(lambda message: message.get("event") == "initialized")
        asked = {"source": {"path": str(source)}, "breakpoints": [{"line": line}]}
        [breakpoint_] = self.request("setBreakpoints", asked)["breakpoints"]
        assert breakpoint_["line"] == line
        self.request("configurationDone", {})
        self._answer(attaching)

    def request(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return self._answer(self._send(command, arguments))

    def wait_for(self, is_wanted: Any) -> dict[str, Any]:
        """Return the first message, seen or to come, that is wanted."""
        for message in self._seen:
            if is_wanted(message):
                self._seen.remove(message)
                return message
        while not is_wanted(message := self._read()):
            self._seen.append(message)
        return message

    def _send(self, command: str, arguments: dict[str, Any]) -> int:
        self._sent += 1
        message = {"seq": self._sent, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._socket.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return self._sent

    def _answer(self, number: int) -> dict[str, Any]:
        answer = self.wait_for(lambda message: message.get("request_seq") == number)
        assert answer["success"], answer
        body: dict[str, Any] = answer.get("body") or {}
        return body

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._file.readline().strip():
            length = int(line.removeprefix(b"Content-Length:"))
        if not length:
            raise ConnectionError("the debugger closed the connection")
        message: dict[str, Any] = json.loads(self._file.read(length))
        return message
