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

from contracts.fields import AMOUNT_MAX, AMOUNT_MIN, CURRENCIES, CUSTOMER_ID_MAX, CUSTOMER_ID_PATTERN
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


class Customer(Body):
    id: CustomerId


class Invoice(Body):
    invoice_id: UUID
    number: int = Field(ge=1, description="Gapless: 1, 2, 3, …")
    status: Literal["issued", "paid", "canceled"]
    amount: Amount
    currency: Currency
    issued_at: Timestamp
    due_at: Timestamp


class Order(Body):
    order_id: UUID
    customer: Customer
    amount: Amount
    currency: Currency
    status: Literal["pending", "paid", "canceled"]
    created_at: Timestamp
    invoice: Invoice | None = Field(description="`null` until the invoice is issued, seconds after the order.")


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
