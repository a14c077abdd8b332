"""The HTTP bodies as pydantic models: the description is made from them, and tests hold the functions to them.

No function imports this. Limits and currencies are those of `contracts`, which has validators of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel
from typing_extensions import TypeAliasType

from contracts.fields import AMOUNT_MAX, AMOUNT_MIN, CURRENCIES, CUSTOMER_ID_MAX, CUSTOMER_ID_PATTERN, REFERENCE_MAX
from contracts.orders import DEFAULT_CURRENCY, ERRORS_MAX


def _without_titles(schema: dict[str, Any]) -> None:
    """Drop the titles that pydantic makes of the names."""
    for each in (schema, *schema.get("properties", {}).values()):
        each.pop("title", None)


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not an active ISO 4217 code")
    return code


def _moment(text: str) -> str:
    """Refuse what has the form of a time and is none, such as a 30th of February."""
    datetime.fromisoformat(text)
    return text


Amount = TypeAliasType(
    "Amount",
    Annotated[
        int, Field(ge=AMOUNT_MIN, le=AMOUNT_MAX, description="In minor units of the currency: 1999 is R$ 19.99.")
    ],
)
Currency = TypeAliasType(
    "Currency",
    Annotated[
        str,
        AfterValidator(_currency),
        Field(json_schema_extra={"enum": sorted(CURRENCIES)}, description="An active ISO 4217 code."),
    ],
)
CustomerId = TypeAliasType(
    "CustomerId",
    Annotated[
        str,
        Field(
            min_length=1,
            max_length=CUSTOMER_ID_MAX,
            pattern=CUSTOMER_ID_PATTERN,
            description="Whom the gateway knows by the API key.",
        ),
    ],
)
Reference = TypeAliasType(
    "Reference",
    Annotated[
        str,
        Field(
            min_length=1,
            max_length=REFERENCE_MAX,
            pattern=CUSTOMER_ID_PATTERN,
            description="The customer's own; several orders may have the same.",
        ),
    ],
)
Identifier = Annotated[str, Field(min_length=1, max_length=255)]
# RFC 3339 in UTC with milliseconds: what `format_timestamp` writes.
Timestamp = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$", json_schema_extra={"format": "date-time"}),
    AfterValidator(_moment),
]
ProblemType = Annotated[
    str, Field(pattern="^urn:serverless-orders:problem:[a-z-]+$", json_schema_extra={"format": "uri"})
]


class Body(BaseModel):
    model_config = ConfigDict(strict=True, alias_generator=to_camel, json_schema_extra=_without_titles)


class CreateOrderRequest(Body):
    model_config = ConfigDict(extra="forbid")

    amount: Amount
    currency: Currency = DEFAULT_CURRENCY
    reference: Reference | None = None


class Nothing(Body):
    """The body of a cancellation, which may also be left out."""

    model_config = ConfigDict(extra="forbid")


class Customer(Body):
    id: CustomerId


class CreditNote(Body):
    number: int = Field(ge=1, description="Gapless, in a series of its own.")
    issued_at: Timestamp


class Refund(Body):
    refund_id: Identifier
    amount: Amount
    refunded_at: Timestamp


class Payment(Body):
    payment_id: Identifier
    provider: Identifier
    amount: Amount
    currency: Currency
    paid_at: Timestamp
    refunds: list[Refund]


class Invoice(Body):
    invoice_id: UUID
    number: int = Field(ge=1, description="Gapless: 1, 2, 3, …")
    status: Literal["issued", "paid", "canceled"]
    amount: Amount
    currency: Currency
    issued_at: Timestamp
    due_at: Timestamp
    credit_note: CreditNote | None = Field(description="Of a canceled invoice.")


class InvoiceWithPayments(Invoice):
    order_id: UUID
    payments: list[Payment]


class OrderInList(Body):
    order_id: UUID
    customer: Customer
    amount: Amount
    currency: Currency
    status: Literal["pending", "paid", "canceled"]
    reference: Reference | None
    created_at: Timestamp
    updated_at: Timestamp = Field(description="Of the last change of status.")
    invoice: Invoice | None = Field(description="`null` until the invoice is issued, seconds after the order.")


class Order(OrderInList):
    payments: list[Payment] = Field(description="For its invoice, the oldest first.")


class Orders(Body):
    orders: list[OrderInList]
    next_cursor: str | None = Field(description="`null` on the last page.")


class PaymentSucceededData(Body):
    payment_id: Identifier
    invoice_id: UUID = Field(default_factory=UUID, description="Either this or `invoiceNumber`.")
    invoice_number: int = Field(default_factory=int, ge=1, description="Either this or `invoiceId`.")
    amount: Amount
    currency: Currency
    paid_at: str = Field(json_schema_extra={"format": "date-time"})


class PaymentSucceeded(Body):
    type: Literal["payment.succeeded"]
    data: PaymentSucceededData


class PaymentRefundedData(Body):
    refund_id: Identifier
    payment_id: Identifier
    amount: Amount
    currency: Currency
    refunded_at: str = Field(json_schema_extra={"format": "date-time"})


class PaymentRefunded(Body):
    type: Literal["payment.refunded"]
    data: PaymentRefundedData


class Webhook(RootModel[Annotated[PaymentSucceeded | PaymentRefunded, Field(discriminator="type")]]):
    """What a provider tells, in the form of the Standard Webhooks specification."""

    model_config = ConfigDict(json_schema_extra=_without_titles)


class PaidInvoice(Body):
    invoice_id: UUID
    number: int = Field(ge=1)
    status: Literal["issued", "paid", "canceled"]


class WebhookOutcome(Body):
    status: Literal["recorded", "already recorded", "unmatched", "ignored"]
    reason: str = Field(default_factory=str, description="Why it is unmatched.")
    invoice: PaidInvoice = Field(default_factory=lambda: PaidInvoice(invoice_id=UUID(int=0), number=1, status="paid"))


class HealthOk(Body):
    status: Literal["ok"]


class HealthDegraded(Body):
    status: Literal["degraded"]
    broker: Literal["down"]


class Health(RootModel[Annotated[HealthOk | HealthDegraded, Field(discriminator="status")]]):
    """`degraded`: the broker is down, orders are accepted all the same and invoiced when it is back."""

    model_config = ConfigDict(json_schema_extra=_without_titles)


class ProblemError(Body):
    pointer: str = Field(description="Where: a JSON pointer (RFC 6901), empty for the whole.")
    detail: str


class Problem(Body):
    type: ProblemType
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    # By a factory, here and below: left out is allowed, `null` is not, and no default is described.
    errors: list[ProblemError] = Field(
        default_factory=list,
        min_length=1,
        description=f"What is wrong with an invalid body, at most {ERRORS_MAX} places.",
    )


# Kong's own form for what never reaches a function; its Lambda plugin has `error` in place of the id.
class Rejection(Body):
    model_config = ConfigDict(alias_generator=None)

    message: str
    request_id: str = Field(default_factory=str)
    error: str = Field(default_factory=str)
