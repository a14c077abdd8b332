"""Traps in the network: something happens at an exact point of the conversation between a function and a service.

A trap sees the bytes that a client sends. It acts on the request that it waits for, before the server gets it, or on
the server's next answer to that request, before the client gets it. That is how a process dies "after the commit and
before the publish" without a line of test code in it.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from proof.chaos.socket_owner import owner_of

# StartupMessage of Postgres; the PLAIN response of AMQP's Connection.StartOk.
_USER = re.compile(rb"(?:\0\x03\0\0(?:[^\0]+\0[^\0]*\0)*?user\0|PLAIN....\0)([^\0]+)\0", re.DOTALL)


@dataclass(kw_only=True)
class Conversation:
    """What a trap knows of one proxied connection. `user` is the login, empty until it was sent."""

    client_port: int
    proxy_port: int
    user: str = ""
    opening: bytes = b""
    armed: list[Trap] = field(default_factory=list)

    def hear(self, data: bytes) -> None:
        """Look for the login in the first bytes of the client."""
        if not self.user and len(self.opening) < 4096:
            self.opening += data
            if found := _USER.search(self.opening):
                self.user = found.group(1).decode("ascii", "replace")

    def client_pid(self) -> int | None:
        return owner_of(self.client_port, self.proxy_port)


Action = Callable[[Conversation], None]


def kill_client(conversation: Conversation) -> None:
    """SIGKILL the process that holds the client's end."""
    pid = conversation.client_pid()
    if pid is not None and pid != os.getpid():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass(kw_only=True, eq=False)
class Trap:
    """Fires `times` at most, when `user` sends any of `patterns` together with `beside`; `fired` counts.

    After `action`, the trapped bytes are dropped and the connection is reset in any case.
    """

    user: str
    patterns: Sequence[bytes]
    when: Literal["request", "answer"]
    beside: bytes = b""
    action: Action = kill_client
    times: int = 1
    fired: int = 0

    def is_met(self, conversation: Conversation, data: bytes) -> bool:
        return (
            self.fired < self.times
            and conversation.user == self.user
            and self.beside in data
            and any(pattern in data for pattern in self.patterns)
        )

    def fire(self, conversation: Conversation) -> None:
        self.fired += 1
        self.action(conversation)
