"""Clients that order, retry and read without pause, and note every answer.

They behave as real ones do. Some send an Idempotency-Key and repeat a request that got no answer, some give up. Some
repeat one that was answered, some use a key twice by mistake. All read their own orders, and try to read others'.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localregion.http_client import HttpClient, HttpError
from proof.chaos.amounts import Amounts
from proof.chaos.history import UNKNOWN, History, Intent, Request
from proof.chaos.world import World

TIMEOUT_S = 20.0
_CURRENCIES = ("BRL", "EUR", "USD", "JPY")
_REMEMBERED = 50


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How many clients and payers there are, and how long each rests between two requests.

    `key_share` is the part of orders with an Idempotency-Key. Clients repeat no key that is older than `keys_live_s`;
    the system keeps keys for 24 hours.
    """

    seed: int
    count: int = 6
    payers: int = 2
    pause_s: float = 0.1
    key_share: float = 0.8
    keys_live_s: float = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where clients order and pay, with which keys, and where they note what happened."""

    gateway: str
    keys: Mapping[str, str]
    webhook_secret: str
    history: History
    amounts: Amounts

    @classmethod
    def of(cls, world: World) -> Shop:
        """The running system's."""
        known = world.endpoints
        return cls(
            gateway=known["gateway"],
            keys=known["keys"],
            webhook_secret=known["webhooks"]["default"],
            history=world.history,
            amounts=world.amounts,
        )


class Clients:
    """A number of client threads; `stop` returns when all have ended."""

    def __init__(self, shop: Shop, behaviour: Behaviour) -> None:
        self._stopping = threading.Event()
        self._clients = [_Client(number, shop, behaviour, self._stopping) for number in range(behaviour.count)]

    def start(self) -> None:
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        self._stopping.set()
        for client in self._clients:
            client.join()
        for client in self._clients:
            if client.failure is not None:
                raise client.failure


class _Client(threading.Thread):
    def __init__(self, number: int, shop: Shop, behaviour: Behaviour, stopping: threading.Event) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.failure: Exception | None = None
        self._number = number
        self._shop = shop
        self._behaviour = behaviour
        self._stopping = stopping
        self._chance = random.Random(f"{behaviour.seed}/client {number}")
        self._http = HttpClient(shop.gateway, timeout_s=TIMEOUT_S)
        self._customer = ("demo", "other")[number % 2]
        self._stranger = ("other", "demo")[number % 2]
        self._answered: list[Request] = []
        self._unanswered: list[Intent] = []

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._do_something()
                self._stopping.wait(self._chance.uniform(0.2, 1.8) * self._behaviour.pause_s)
        except Exception as error:
            self.failure = error
        finally:
            self._http.close()

    def _do_something(self) -> None:
        dice = self._chance.random()
        if self._unanswered and dice < 0.5:
            self._post(self._unanswered.pop())
        elif not self._answered or dice < 0.6:
            self._post(self._new_intent())
        elif dice < 0.7:
            self._repeat()
        elif dice < 0.95:
            self._read(self._chance.choice(self._answered), customer=self._customer)
        else:
            self._read(self._chance.choice(self._answered), customer=self._stranger)

    def _new_intent(self) -> Intent:
        amount = self._shop.amounts.order()
        return Intent(
            customer=self._customer,
            amount=amount,
            currency=self._chance.choice(_CURRENCIES),
            key=f"order {amount}" if self._chance.random() < self._behaviour.key_share else None,
            born_s=self._shop.history.now(),
        )

    def _repeat(self) -> None:
        """Send an answered request once more; now and then with another amount, by mistake."""
        before = self._chance.choice(self._answered)
        age_s = self._shop.history.now() - before.intent.born_s
        if before.intent.key is not None and age_s < self._behaviour.keys_live_s:
            is_mistake = self._chance.random() < 0.3
            self._post(before.intent, amount=self._shop.amounts.order() if is_mistake else None)

    def _post(self, intent: Intent, *, amount: int | None = None) -> None:
        sent = intent.amount if amount is None else amount
        headers = {"Idempotency-Key": intent.key} if intent.key is not None else {}
        body = {"amount": sent, "currency": intent.currency}
        request = self._call("POST", "/orders", intent, customer=self._customer, body=body, headers=headers, sent=sent)
        if request.is_accepted:
            self._answered = [*self._answered[-_REMEMBERED:], request]
        elif intent.key is not None and amount is None and self._chance.random() < 0.8:
            self._unanswered.append(intent)

    def _read(self, order: Request, *, customer: str) -> None:
        self._call("GET", f"/orders/{order.body['orderId']}", order.intent, customer=customer)

    def _call(
        self,
        method: str,
        path: str,
        intent: Intent,
        *,
        customer: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        sent: int | None = None,
    ) -> Request:
        began = self._shop.history.now()
        all_headers = {"apikey": self._shop.keys[customer], **(headers or {})}
        status, answer, is_replay, error = self._exchange(method, path, body, all_headers)
        request = Request(
            client=self._number,
            method=method if customer == intent.customer else f"{method} as {customer}",
            path=path,
            intent=intent,
            sent_amount=sent,
            began_s=began,
            ended_s=self._shop.history.now(),
            status=status,
            body=answer,
            is_replay=is_replay,
            error=error,
        )
        self._shop.history.add(request)
        return request

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> tuple[int, Any, bool, str]:
        """Return status, decoded body, whether it is a replay, and why there was no answer."""
        try:
            answer = self._http.request(method, path, body, headers=headers)
        except HttpError as error:
            return UNKNOWN, None, False, error.reason
        decoded: Any = None
        with contextlib.suppress(HttpError):
            decoded = answer.json()
        return answer.status, decoded, answer.headers.get("idempotent-replayed") == "true", ""
