"""`make pay` against a gateway that answers as told: what is sent, what is said of the answer, what is refused."""

from __future__ import annotations

import json

import pytest
from tests.unit.orders.canned_gateway import SECRET, CannedGateway

from localregion.__main__ import main
from orders import webhook

ORDER_ID = "01a22499-57e4-7e1e-aa54-63eccdbb11a5"
INVOICE = {"invoiceId": "i", "number": 7, "amount": 1999, "currency": "BRL", "status": "issued"}
PAID = {"invoiceId": "i", "number": 7, "status": "paid"}


@pytest.fixture
def invoiced(gateway: CannedGateway) -> CannedGateway:
    gateway.answers[f"/orders/{ORDER_ID}"] = [(200, {"status": "pending", "invoice": INVOICE})]
    gateway.answers["/webhooks/payments"] = [(200, {"status": "recorded", "invoice": PAID})]
    return gateway


def sent(gateway: CannedGateway) -> list[tuple[dict[str, str], bytes]]:
    return [(headers, body) for path, headers, body in gateway.asked if path == "/webhooks/payments"]


def test_the_whole_invoice_is_paid_by_a_signed_webhook(
    invoiced: CannedGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pay", f"--order={ORDER_ID}"]) == 0

    ((headers, body),) = sent(invoiced)
    data = json.loads(body)["data"]
    assert (data["paymentId"], data["invoiceId"], data["amount"], data["currency"]) == ("pay-i", "i", 1999, "BRL")
    signed = (headers["webhook-id"], headers["webhook-timestamp"], body)
    assert headers["webhook-signature"] == webhook.signature(SECRET, *signed)
    assert "apikey" not in headers
    assert capsys.readouterr().out == "recorded: invoice no. 7 is paid\n"


def test_again_is_the_same_webhook_and_no_failure(invoiced: CannedGateway, capsys: pytest.CaptureFixture[str]) -> None:
    invoiced.answers["/webhooks/payments"].append((200, {"status": "already recorded", "invoice": PAID}))
    assert [main(["pay", f"--order={ORDER_ID}"]) for _ in range(2)] == [0, 0]
    first, second = (headers["webhook-id"] for headers, _ in sent(invoiced))
    assert first == second
    assert capsys.readouterr().out.endswith("already recorded: invoice no. 7 is paid\n")


def test_a_part_has_an_amount_and_a_payment_of_its_own(invoiced: CannedGateway) -> None:
    assert main(["pay", f"--order={ORDER_ID}", "--amount=500", "--payment=first half"]) == 0
    ((_, body),) = sent(invoiced)
    data = json.loads(body)["data"]
    assert (data["paymentId"], data["amount"]) == ("first half", 500)


def test_the_invoice_is_waited_for(invoiced: CannedGateway, capsys: pytest.CaptureFixture[str]) -> None:
    # Asked once for whose the order is, then for its invoice.
    invoiced.answers[f"/orders/{ORDER_ID}"][:0] = [(200, {"invoice": None})] * 3
    invoiced.answers["/health"] = [(200, {"status": "ok", "broker": "up"})]
    assert main(["pay", f"--order={ORDER_ID}"]) == 0
    assert capsys.readouterr().out.count("no invoice yet") == 1


def test_an_order_of_another_customer_is_found_by_its_key(invoiced: CannedGateway) -> None:
    invoiced.answers[f"/orders/{ORDER_ID} k-other"] = invoiced.answers.pop(f"/orders/{ORDER_ID}")
    assert main(["pay", f"--order={ORDER_ID}"]) == 0
    assert len(sent(invoiced)) == 1


def test_what_is_unmatched_is_a_failure_that_says_why(
    invoiced: CannedGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    invoiced.answers["/webhooks/payments"] = [(200, {"status": "unmatched", "reason": "another\x1b amount"})]
    assert main(["pay", f"--order={ORDER_ID}", "--amount=5"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: kept as unmatched: another\\x1b amount")
    assert "PAYMENT=" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "make pay ORDER="),
        (["--order=../health"], "make pay ORDER="),
        ([f"--order={ORDER_ID}", "--amount=1.5"], "AMOUNT is an integer"),
        ([f"--order={ORDER_ID}", "--amount=0"], "AMOUNT is an integer"),
        ([f"--order={ORDER_ID}", f"--amount={'9' * 5000}"], "AMOUNT is an integer"),
        ([f"--order={ORDER_ID}", f"--payment={'p' * 256}"], "PAYMENT has at most 255 characters"),
    ],
)
def test_what_cannot_be_is_not_sent(
    invoiced: CannedGateway, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pay", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert invoiced.asked == []


def test_an_order_that_is_no_customers_is_one_line(gateway: CannedGateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pay", f"--order={ORDER_ID}"]) == 1
    assert capsys.readouterr().err.startswith(f"error: there is no order {ORDER_ID}: ")
    assert [headers["apikey"] for _, headers, _ in gateway.asked] == ["k", "k-other"]
