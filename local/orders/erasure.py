"""`make erase CUSTOMER=…`: one customer's orders and invoices get a pseudonym, everything else that names it goes."""

from __future__ import annotations

from collections.abc import Sequence

from localregion.system.folder import Folder
from orders.operations import FUNCTION, OperationError, counted, folder_of_environment, invoke, options


def erase_main(arguments: Sequence[str]) -> int:
    """`python -m localregion erase`."""
    erase(folder_of_environment(), options("erase", arguments).customer)
    return 0


def erase(folder: Folder, customer_id: str = "") -> None:
    """Erase one customer and print how much there was."""
    if not customer_id:
        raise OperationError("say which: `make erase CUSTOMER=…`, as orders name it")
    answer = invoke(folder, FUNCTION, {"operation": "erase", "customerId": customer_id})
    named = f" now have the name {answer['pseudonym']}" if answer["pseudonym"] else ""
    print(f"{counted(answer['orders'], 'order')} and {counted(answer['invoices'], 'invoice')}{named}")
    print(f"{counted(answer['idempotencyKeys'], 'idempotency key')} with the stored response deleted")
    print(f"{counted(answer['parkedMessages'], 'parked message')} deleted")
    if answer["customers"]:
        print("the customer and its keys deleted")
    if answer["remaining"]:
        raise OperationError(f"{counted(answer['remaining'], 'order')} left, or made since: erase again")
