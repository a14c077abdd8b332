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
class Webhook:
    """A payment, or a refund of one, as its provider tells it; `id` is the payment's or the refund's."""

    id: str
    refund_of: str | None
    order_id: str
    invoice_id: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """A webhook that was sent once, and its answer."""

    webhook: Webhook
    began_s: float
    ended_s: float
    status: int
    body: Any = None
    error: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.status == 200

    @property
    def is_recorded(self) -> bool:
        return self.is_accepted and self.body["status"] in ("recorded", "already recorded")

    def shown(self) -> str:
        what = self.webhook
        kind = "payment" if what.refund_of is None else f"refund of {what.refund_of}"
        return (
            f"{self.began_s:8.3f} to {self.ended_s:8.3f}  {kind} {what.id} of {what.amount} {what.currency}"
            f" for {what.invoice_id} -> {self.status or self.error} {self.body if self.body is not None else ''}"
        )


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """A request to cancel an order, and its answer."""

    order_id: str
    intent: Intent
    began_s: float
    ended_s: float
    status: int
    body: Any = None
    error: str = ""

    def shown(self) -> str:
        answer = f"{self.status or self.error} {self.body if self.body is not None else ''}"
        return f"{self.began_s:8.3f} to {self.ended_s:8.3f}  cancel {self.order_id} -> {answer}"


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
    accepted: list[Request] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    cancellations: list[Cancellation] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return time.monotonic() - self._began

    def add(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            if request.is_accepted and not request.is_replay:
                self.accepted.append(request)

    def add_told(self, told: Told) -> None:
        with self._lock:
            self.told.append(told)

    def add_cancellation(self, cancellation: Cancellation) -> None:
        with self._lock:
            self.cancellations.append(cancellation)

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
        ids = {request.body["orderId"] for request in requests if request.is_accepted}
        deeds = [*requests, *self._deeds_of(ids)]
        began, ended = min(deed.began_s for deed in deeds), max(deed.ended_s for deed in deeds)
        faults = [fault for fault in self.injections if fault.began_s <= ended + 1 and fault.ended_s >= began - 1]
        lines = [(deed.began_s, deed.shown()) for deed in deeds]
        lines += [(fault.began_s, fault.shown()) for fault in faults]
        return "\n".join(line for _, line in sorted(lines))

    def _deeds_of(self, order_ids: set[str]) -> list[Told | Cancellation]:
        told = [each for each in self.told if each.webhook.order_id in order_ids]
        return [*told, *(each for each in self.cancellations if each.order_id in order_ids)]
