"""`make unmatched` and `make dismiss-unmatched`: payments and refunds that fit no invoice or payment."""

from __future__ import annotations

import json
from collections.abc import Sequence

from localregion.system.folder import Folder
from localregion.system.status import table
from orders.operations import FUNCTION, OperationError, cells, folder_of_environment, invoke, options

_HEADINGS = ("id", "state", "kind", "provider", "payment", "refund", "invoice", "amount", "last seen", "seen", "reason")
_FIELDS = (
    *("unmatchedId", "state", "kind", "provider", "paymentId", "refundId", "invoice", "amount"),
    *("lastSeenAt", "seenCount", "reason"),
)


def unmatched_main(arguments: Sequence[str]) -> int:
    """`python -m localregion unmatched`."""
    unmatched(folder_of_environment(), options("unmatched", arguments).id)
    return 0


def dismiss_unmatched_main(arguments: Sequence[str]) -> int:
    """`python -m localregion dismiss-unmatched`."""
    dismiss(folder_of_environment(), options("dismiss-unmatched", arguments).id)
    return 0


def unmatched(folder: Folder, unmatched_id: str = "") -> None:
    """Print the payments and refunds that fit nothing, or one of them whole."""
    if unmatched_id:
        answer = invoke(folder, FUNCTION, {"operation": "unmatched", "unmatchedId": unmatched_id})
        print(json.dumps(answer["payments"][0], indent=2))
        return
    answer = invoke(folder, FUNCTION, {"operation": "unmatched"})
    if payments := answer["payments"]:
        shown = [{**each, "amount": f"{each['amount']} {each['currency']}"} for each in payments]
        print(table(_HEADINGS, [cells(each, _FIELDS) for each in shown]) + "\n")
    newest = f", the newest {len(payments)} shown" if answer["nextAfter"] else ""
    print(f"{answer['total']} unmatched, {answer['waiting']} of them waiting for a match or a dismissal{newest}")


def dismiss(folder: Folder, unmatched_id: str = "") -> None:
    """Let one wait no longer."""
    if not unmatched_id:
        raise OperationError("say which: `make dismiss-unmatched ID=…`, a payment of `make unmatched`")
    invoke(folder, FUNCTION, {"operation": "dismissUnmatched", "unmatchedId": unmatched_id})
    print(f"{unmatched_id} dismissed: it is kept, and waits again should it be sent again")
