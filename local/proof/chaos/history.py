"""What clients did and what they were told: every request with its beginning, its end and its answer.

Times are monotonic seconds since the history began. One history per run; clients append from many threads.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = 0
"""The status of a request without an answer: it may have happened or not."""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """An order that a customer wants. No two intents have the same amount, so a row's amount names its intent."""

    customer: str
    amount: int
    currency: str
    key: str | None
    born_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request and its answer. `intent` is what it was sent for; `path` is `/orders` for one that creates."""

    client: int
    method: str
    path: str
    intent: Intent
    sent_amount: int | None = None
    began_s: float
    ended_s: float
    status: int
    body: Any = None
    is_replay: bool = False
    error: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.method == "POST" and self.status == 201

    @property
    def is_refused(self) -> bool:
        """Answered with an error that says what to do."""
        return self.method == "POST" and self.status not in (UNKNOWN, 201) and self.status not in (500, 502, 504)

    @property
    def is_unknown(self) -> bool:
        return self.method == "POST" and not self.is_accepted and not self.is_refused

    def shown(self) -> str:
        answer = f"{self.status}{' replayed' if self.is_replay else ''}" if self.status else self.error
        wrong = f" amount {self.sent_amount}" if self.sent_amount not in (None, self.intent.amount) else ""
        return (
            f"{self.began_s:8.3f} to {self.ended_s:8.3f}  client {self.client}: {self.method} {self.path}"
            f" key {self.intent.key}{wrong} -> {answer} {self.body if self.body is not None else ''}"
        )


@dataclass(frozen=True, kw_only=True)
class Injection:
    """One fault, from its injection until it was healed; `evidence` says how it showed that it bit."""

    fault: str
    began_s: float
    ended_s: float
    evidence: str

    def shown(self) -> str:
        return f"{self.began_s:8.3f} to {self.ended_s:8.3f}  {self.fault}: {self.evidence}"


@dataclass
class History:
    """Everything that happened."""

    requests: list[Request] = field(default_factory=list)
    injections: list[Injection] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return time.monotonic() - self._began

    def add(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def add_injection(self, injection: Injection) -> None:
        with self._lock:
            self.injections.append(injection)

    def by_intent(self) -> Mapping[Intent, list[Request]]:
        found: dict[Intent, list[Request]] = defaultdict(list)
        for request in self.requests:
            found[request.intent].append(request)
        return found

    def story_of(self, intent: Intent) -> str:
        """Return all that was asked and told about one intent, and the faults of that time."""
        requests = [request for request in self.requests if request.intent == intent]
        if not requests:
            return "no client asked for it"
        began, ended = min(r.began_s for r in requests), max(r.ended_s for r in requests)
        faults = [fault for fault in self.injections if fault.began_s <= ended + 1 and fault.ended_s >= began - 1]
        lines = [(request.began_s, request.shown()) for request in requests]
        lines += [(fault.began_s, fault.shown()) for fault in faults]
        return "\n".join(line for _, line in sorted(lines))
