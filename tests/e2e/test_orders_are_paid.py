"""Many clients order, pay three times each in random order, and cancel: whatever is counted afterwards is right.

ORDERS in the environment makes it more of them than a usual run of the suite has: 2000, for example.
"""

from __future__ import annotations

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.live_system import LiveSystem

from localregion.http_client import HttpClient
from proof.chaos import report
from proof.chaos.clients import Shop
from proof.chaos.history import Intent, Request, Told, Webhook
from proof.chaos.payers import Payer
from proof.chaos.run import begin, heal_and_check

ORDERS = int(os.environ.get("ORDERS", "200"))
CLIENTS = 16
CANCELED_SHARE = 0.1
THROTTLED = 429


def test_every_order_is_paid_or_canceled_and_every_figure_is_zero(live: LiveSystem) -> None:
    run = begin(live.world())
    world = run.world
    shop = Shop.of(world)
    payers = threading.local()

    def payer() -> Payer:
        if not hasattr(payers, "own"):
            payers.own = Payer(shop, name=f"{threading.get_ident()}", chance=random.Random(1))
        own: Payer = payers.own
        return own

    with ThreadPoolExecutor(CLIENTS) as threads:
        orders = list(threads.map(lambda _: ordered(shop), range(ORDERS)))
        canceled = set(random.Random(2).sample(range(ORDERS), int(CANCELED_SHARE * ORDERS)))
        payments = list(threads.map(lambda order: payment_of(payer(), order), orders))
        deeds = [(position, turn) for position in range(ORDERS) for turn in range(3)]
        deeds += [(position, -1) for position in canceled]
        random.Random(3).shuffle(deeds)

        def do(deed: tuple[int, int]) -> None:
            position, turn = deed
            if turn < 0:
                payer().cancel(orders[position])
            else:
                send(payer(), payments[position])

        list(threads.map(do, deeds))
    verdict, records = heal_and_check(run)

    print("\n".join(report.lines(world.history, records, verdict)))  # noqa: T201 - shown on failure
    assert not verdict.violations, "\n\n".join(violation.shown() for violation in verdict.violations)
    assert len(records.orders) == len(records.payments) == ORDERS
    assert {order.status for order in records.orders} == {"paid", "canceled"}


def ordered(shop: Shop) -> Request:
    intent = Intent(customer="demo", amount=shop.amounts.order(), currency="BRL", key=None)
    http = HttpClient(shop.gateway, timeout_s=30)
    began = shop.history.now()
    body = {"amount": intent.amount, "currency": intent.currency}
    answer = http.request("POST", "/orders", body, headers={"apikey": shop.keys["demo"]})
    http.close()
    request = Request(
        client=0,
        method="POST",
        path="/orders",
        intent=intent,
        sent_amount=intent.amount,
        began_s=began,
        ended_s=shop.history.now(),
        status=answer.status,
        body=answer.json(),
    )
    shop.history.add(request)
    return request


def payment_of(payer: Payer, order: Request) -> Webhook:
    """The payment of the whole; its invoice is waited for."""
    deadline = time.monotonic() + 90
    while (invoice := payer.invoice_of(order)) is None:
        assert time.monotonic() < deadline, f"no invoice of {order.body}"
        time.sleep(0.2)
    return payer.payment(order, invoice, invoice["amount"])


def send(payer: Payer, payment: Webhook) -> Told:
    """A provider repeats what the gateway had no room for."""
    while (told := payer.send(payment)).status == THROTTLED:
        time.sleep(0.5)
    return told
