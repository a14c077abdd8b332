"""`make outbox`, `make postpone`, `make remove`: what `operations` does with rows that wait for the broker."""

from __future__ import annotations

import json
from collections.abc import Sequence

from localregion.system.folder import Folder
from localregion.system.status import table
from orders.operations import FUNCTION, OperationError, cells, counted, folder_of_environment, invoke, options

_HEADINGS = ("id", "side", "created", "due", "attempts", "bytes", "routing key", "last error")
_FIELDS = ("outboxId", "schema", "createdAt", "dueAt", "attempts", "size", "routingKey", "lastError")


def outbox_main(arguments: Sequence[str]) -> int:
    """`python -m localregion outbox`."""
    outbox(folder_of_environment(), options("outbox", arguments).id)
    return 0


def postpone_main(arguments: Sequence[str]) -> int:
    """`python -m localregion postpone`."""
    postpone(folder_of_environment(), options("postpone", arguments).id)
    return 0


def remove_main(arguments: Sequence[str]) -> int:
    """`python -m localregion remove`."""
    remove(folder_of_environment(), options("remove", arguments).id)
    return 0


def outbox(folder: Folder, outbox_id: str = "") -> None:
    """Print the rows of both outboxes, or one of them whole."""
    if outbox_id:
        answer = invoke(folder, FUNCTION, {"operation": "outbox", "outboxId": outbox_id})
        print(json.dumps(answer["rows"][0], indent=2))
        return
    answer = invoke(folder, FUNCTION, {"operation": "outbox"})
    if answer["rows"]:
        print(table(_HEADINGS, [cells(row, _FIELDS) for row in answer["rows"]]) + "\n")
    shown = f", the oldest {len(answer['rows'])} shown" if answer["nextAfter"] else ""
    print(
        f"{counted(answer['total'], 'event')} waiting for the broker, {answer['failed']} of them failed before{shown}"
    )


def postpone(folder: Folder, outbox_id: str = "") -> None:
    """Have the relay leave one row alone for an hour."""
    if not outbox_id:
        raise OperationError("say which: `make postpone ID=…`, a row of `make outbox`")
    answer = invoke(folder, FUNCTION, {"operation": "postpone", "outboxId": outbox_id})
    print(f"{outbox_id} postponed: the relay tries it again from {answer['dueAt']} on")


def remove(folder: Folder, outbox_id: str = "") -> None:
    """Take one row out of the outbox and print what it was."""
    if not outbox_id:
        raise OperationError("say which: `make remove ID=…`, a row of `make outbox`")
    answer = invoke(folder, FUNCTION, {"operation": "remove", "outboxId": outbox_id})
    print(json.dumps(answer["row"], indent=2))
    again = "; its parked message waits again" if answer["parkedMessageWaitsAgain"] else ""
    print(f"{outbox_id} removed: it is never published{again}")
