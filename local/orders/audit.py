"""`make audit`: what the function `operations` finds amiss, and the money that waits to be returned."""

from __future__ import annotations

import json
from collections.abc import Sequence

from localregion.system.folder import Folder
from localregion.system.status import table
from orders.failures import printable
from orders.operations import FUNCTION, Answer, counted, folder_of_environment, invoke, options

# The relay publishes within 90 s of a recovery: what is older is late.
_GRACE_S = 120
_FINDINGS = {
    "ordersWithoutInvoice": "orders without invoice",
    "invoicesWithoutOrder": "invoices without order",
    "invoicesDifferingFromOrder": "invoices that differ from their order",
    "invoiceNumberGaps": "missing invoice numbers",
    "paidInvoicesWithoutPaidOrder": "paid invoices whose order is not paid",
    "paidOrdersWithoutPaidInvoice": "paid orders whose invoice is not paid",
    "canceledOrdersWithoutCanceledInvoice": "canceled orders whose invoice is not canceled",
    "ordersBesideTheirInvoice": "orders that no event of their invoice led to",
    "invoicesBesideTheirPayments": "invoices whose status is not that of their payments",
    "canceledInvoicesWithoutCreditNote": "canceled invoices without credit note",
    "creditNoteNumberGaps": "missing credit note numbers",
    "unmatchedPayments": "unmatched payments that wait",
    "oldOutboxRows": "old rows in the outboxes",
    "parkedMessages": "parked messages that wait",
}
_MONEY_TO_RETURN = {
    "overpaidInvoices": "overpaid invoices (no failure)",
    "owedBack": "canceled invoices with money to give back (no failure)",
}


def audit_main(arguments: Sequence[str]) -> int:
    """`python -m localregion audit`; 1 when there is something to find."""
    options("audit", arguments)
    return 0 if audit(folder_of_environment()) else 1


def audit(folder: Folder) -> bool:
    """Print what the audit found; True when there is nothing to find."""
    answer = invoke(folder, FUNCTION, {"operation": "audit", "olderThanSeconds": _GRACE_S})
    names = _FINDINGS | _MONEY_TO_RETURN
    print(table(("finding", "count"), [[name, str(answer[key]["count"])] for key, name in names.items()]))
    for key, name in names.items():
        _print_first(name, answer[key])
    outbox = answer["outbox"]
    oldest = f", the oldest {outbox['oldestAgeSeconds']} s old" if outbox["rows"] else ""
    print(f"\noutboxes: {counted(outbox['rows'], 'row')}{oldest}")
    if waiting_s := answer["customers"]["unpublishedAgeSeconds"]:
        print(f"customers: a change waits for its publication, for {waiting_s} s")
    print(f"orders and events younger than {_GRACE_S} s may still be on their way and are not looked at")
    print("all is well" if answer["healthy"] else "not well: docs/operations.md says what each finding means")
    return bool(answer["healthy"])


def _print_first(name: str, finding: Answer) -> None:
    if first := finding.get("first"):
        print(f"\n{name}{', the first ones' if len(first) < finding['count'] else ''}:")
        print("\n".join(f"  {printable(json.dumps(entry))}" for entry in first))
