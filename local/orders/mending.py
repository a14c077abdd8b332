"""`make show`, `match`, `reemit`, `activity` and the like: what `operations` does that was SQL before."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from localregion.system.folder import Folder
from localregion.system.status import table
from orders.operations import FUNCTION, Answer, OperationError, cells, counted, folder_of_environment, invoke, publish

_SESSIONS = ("login", "state", "sessions")
_TRANSACTIONS = ("pid", "login", "state", "openSeconds", "waitsFor", "blockedBy", "statement")
_HEADINGS = ("pid", "login", "state", "open s", "waits for", "blocked by", "statement")


def show_main(arguments: Sequence[str]) -> int:
    """`python -m localregion show`."""
    given = _given("show", arguments, "order", "invoice")
    if bool(given.order) == bool(given.invoice):
        raise OperationError("say which: `make show ORDER=…`, or `make show INVOICE=…` by an invoice's id or number")
    chosen = {"orderId": given.order} if given.order else {"invoice": given.invoice}
    print(json.dumps(_ask("order", **chosen), indent=2))
    return 0


def match_main(arguments: Sequence[str]) -> int:
    """`python -m localregion match`."""
    given = _given("match", arguments, "id", "invoice")
    if not given.id:
        raise OperationError(
            "say which: `make match ID=… INVOICE=…`, a payment of `make unmatched`; a refund needs no invoice"
        )
    folder = folder_of_environment()
    answer = _ask("match", unmatchedId=given.id, **({"invoice": given.invoice} if given.invoice else {}))
    invoice = answer.get("invoice")
    print(
        f"{given.id} {answer['outcome']}" + (f": invoice {invoice['number']} is {invoice['status']}" if invoice else "")
    )
    if answer["eventsQueued"]:
        print(_published(folder))
    return 0


def reemit_main(arguments: Sequence[str]) -> int:
    """`python -m localregion reemit`."""
    given = _given("reemit", arguments, "order")
    if not given.order:
        raise OperationError("say which: `make reemit ORDER=…`, an order of `make audit`")
    print(f"queued again: {', '.join(_ask('reemit', orderId=given.order)['events'])}")
    print(_published(folder_of_environment()))
    return 0


def free_key_main(arguments: Sequence[str]) -> int:
    """`python -m localregion free-key`."""
    given = _given("free-key", arguments, "customer", "key")
    if not given.customer or not given.key:
        raise OperationError("say which: `make free-key CUSTOMER=… IDEMPOTENCY_KEY=…`")
    answer = _ask("freeIdempotencyKey", customerId=given.customer, key=given.key)
    print(f"freed: it stood for order {answer['orderId']}; a request that repeats it makes another order")
    return 0


def forget_attempts_main(arguments: Sequence[str]) -> int:
    """`python -m localregion forget-attempts`."""
    given = _given("forget-attempts", arguments, "side")
    if not given.side:
        raise OperationError("say which: `make forget-attempts SIDE=orders`, or SIDE=invoices")
    answer = _ask("forgetAttempts", side=given.side)
    notes = counted(answer["forgotten"], "note")
    print(f"{notes} about redelivered messages forgotten, of {answer['deathsMax']} deaths at most")
    return 0


def activity_main(arguments: Sequence[str]) -> int:
    """`python -m localregion activity`."""
    _given("activity", arguments)
    answer = _ask("activity")
    print(table(_SESSIONS, [cells(each, _SESSIONS) for each in answer["sessions"]]) + "\n")
    if shown := [_transaction(each) for each in answer["transactions"]]:
        print(table(_HEADINGS, [cells(each, _TRANSACTIONS) for each in shown]) + "\n")
    print(
        f"{answer['connections']} of {answer['connectionsMax']} connections, "
        f"{counted(len(answer['transactions']), 'open transaction')}, {answer['blocked']} waiting for another"
    )
    return 0


def cancel_statement_main(arguments: Sequence[str]) -> int:
    """`python -m localregion cancel-statement`."""
    given = _given("cancel-statement", arguments, "pid", flag="end")
    if not given.pid.isdecimal():
        raise OperationError("say which: `make cancel-statement PID=…`, of `make activity`; END=1 ends its session")
    _ask("cancelStatement", pid=int(given.pid), endSession=given.end)
    print(f"{given.pid} {'ended' if given.end else 'canceled: what it ran, its session goes on'}")
    return 0


def _transaction(each: Answer) -> Answer:
    return {**each, "blockedBy": ", ".join(map(str, each["blockedBy"])) or None}


def _published(folder: Folder) -> str:
    return publish(folder).partition(":")[0]


def _ask(operation: str, **arguments: Any) -> Answer:
    return invoke(folder_of_environment(), FUNCTION, {"operation": operation, **arguments})


def _given(command: str, arguments: Sequence[str], *names: str, flag: str | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m localregion {command}")
    for name in names:
        parser.add_argument(f"--{name}", default="")
    if flag is not None:
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args(arguments)
