"""`make parked`, `replay` and `dismiss`: the function `operations`, called through the Invoke API.

What is true of the messages and orders is the function's to say, here as in AWS; this only asks and prints. After a
replay the relays are invoked as well, so the messages do not wait for their schedules.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from localregion import http_client
from localregion.errors import CommandError
from localregion.http_client import HttpError
from localregion.system import endpoints
from localregion.system.folder import Folder
from localregion.system.status import table
from orders import failures
from orders.failures import printable

FUNCTION = "operations"
# Of the orders' events, and of the invoices'.
_RELAYS = ("outbox_relay", "invoices_relay")
_TIMEOUT_S = 180.0
_CELL_MAX = 100

Answer = dict[str, Any]


class OperationError(CommandError):
    """The function refused the operation, failed, or could not be reached."""


def parked_main(arguments: Sequence[str]) -> int:
    """`python -m localregion parked`."""
    parked(folder_of_environment(), options("parked", arguments).id)
    return 0


def replay_main(arguments: Sequence[str]) -> int:
    """`python -m localregion replay`."""
    given = options("replay", arguments)
    replay(folder_of_environment(), given.id, given.all)
    return 0


def dismiss_main(arguments: Sequence[str]) -> int:
    """`python -m localregion dismiss`."""
    dismiss(folder_of_environment(), options("dismiss", arguments).id)
    return 0


def parked(folder: Folder, parked_id: str = "") -> None:
    """Print the parked messages, or one of them whole."""
    if parked_id:
        answer = invoke(folder, FUNCTION, {"operation": "parked", "parkedId": parked_id})
        print(json.dumps(answer["messages"][0], indent=2))
        return
    answer = invoke(folder, FUNCTION, {"operation": "parked"})
    if answer["messages"]:
        print(
            table(
                ("id", "side", "state", "last seen", "seen", "bytes", "queue", "reason"),
                [cells(each, _PARKED) for each in answer["messages"]],
            )
            + "\n"
        )
    shown = f", the newest {len(answer['messages'])} shown" if answer["nextAfter"] else ""
    print(f"{answer['total']} parked, {answer['waiting']} of them waiting for a replay or a dismissal{shown}")


def replay(folder: Folder, parked_id: str = "", every: bool = False) -> None:
    """Queue one message or all that wait, and have the relays publish them."""
    if bool(parked_id) == every:
        raise OperationError(
            "say which: `make replay ID=…` for one message of `make parked`, `make replay ALL=1` for all"
        )
    chosen: Answer = {"all": True} if every else {"parkedId": parked_id}
    answer = invoke(folder, FUNCTION, {"operation": "replay", **chosen})
    queued, already, remaining = answer["queued"], answer["alreadyQueued"], answer["remaining"]
    print(f"{queued} queued for replay" + (f", {already} queued before" if already else ""))
    if answer["unknownQueue"]:
        print(f"{answer['unknownQueue']} of queues that this release does not know: `make dismiss ID=…`")
    if remaining:
        raise OperationError(f"{remaining} still wait, there was no time for them: repeat `make replay ALL=1`")
    if queued or already:
        print(publish(folder))


def dismiss(folder: Folder, parked_id: str = "") -> None:
    """Let one message wait no longer."""
    if not parked_id:
        raise OperationError("say which: `make dismiss ID=…`, a message of `make parked`")
    invoke(folder, FUNCTION, {"operation": "dismiss", "parkedId": parked_id})
    print(f"{parked_id} dismissed: it is kept, and waits again should it come again")


def publish(folder: Folder, *, timeout_s: float = _TIMEOUT_S) -> str:
    """Have the relays publish what was queued; return what to say of it."""
    published = 0
    for relay in _RELAYS:
        try:
            report = invoke(folder, relay, {}, timeout_s=timeout_s)
        except OperationError as error:
            # It never runs twice at once, and its schedule is due within a minute.
            return f"the relay publishes within a minute (now: {error})"
        if report["broker_failure"]:
            return f"the relay publishes when the broker is back (now: {report['broker_failure']})"
        published += report["published"]
    return f"{published} published by the relay: `make parked` shows what comes back"


def invoke(folder: Folder, function: str, payload: Answer, *, timeout_s: float = _TIMEOUT_S) -> Answer:
    """Invoke a function of the running system and return its answer. Raises OperationError."""
    known = endpoints.load(folder)
    url = f"{known['aws']}/2015-03-31/functions/{function}/invocations?Qualifier=live"
    try:
        response = http_client.request("POST", url, payload, timeout_s=timeout_s).expect_success()
        answer: Answer = response.json()
    except HttpError as error:
        if error.status is not None:
            raise OperationError(f"{function}: {error.reason}") from error
        raise OperationError(
            f"{known['aws']} does not answer ({error.reason}): `make status` says what runs, "
            "`make start SERVICE=emulator` starts it"
        ) from error
    if "x-amz-function-error" in response.headers:
        raise OperationError(failures.of_function(str(answer.get("errorType")), str(answer.get("errorMessage"))))
    return answer


def folder_of_environment() -> Folder:
    return Folder.from_environment(os.environ)


def options(command: str, arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m localregion {command}")
    if command == "erase":
        parser.add_argument("--customer", default="", help="as orders name it")
    elif command != "audit":
        parser.add_argument("--id", default="", help="of a parked message, an outbox's row or an unmatched payment")
    if command == "replay":
        parser.add_argument("--all", action="store_true", help="that wait")
    return parser.parse_args(arguments)


def cells(entry: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Fields of an entry as a row of a table."""
    return ["-" if entry[name] is None else _shortened(printable(str(entry[name]))) for name in names]


def counted(count: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _shortened(text: str) -> str:
    return text if len(text) <= _CELL_MAX else text[: _CELL_MAX - 1] + "…"


_PARKED = ("parkedId", "side", "state", "lastSeenAt", "seenCount", "size", "queue", "reason")
