"""A gateway that answers as told, for the commands that ask one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "c2VjcmV0"
Answer = tuple[int, dict[str, Any]]


class CannedGateway:
    """`answers` by path, or by path and key: each is given once, the last one for ever. `asked` is what came."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.asked.append((path, headers, body))
        waiting = self.answers.get(f"{path} {headers.get('apikey')}") or self.answers.get(path) or [(404, {})]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def serving(canned: CannedGateway) -> Iterator[str]:
    """Yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(canned))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(canned: CannedGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            lowered = {name.lower(): value for name, value in self.headers.items()}
            status, document = canned.answer(self.path, lowered, body)
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler
