"""The fields that HTTP bodies and the event have in common, as schemas of pydantic's validation core.

Strict everywhere: an integer is never taken from a string, a float or a boolean.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.lean_pydantic_core import SchemaValidator

AMOUNT_MIN, AMOUNT_MAX = 1, 10**12
CUSTOMER_ID_MAX = 255
REFERENCE_MAX = 64
# Postgres stores no NUL in text, and nothing good comes from other control characters in an identifier.
CUSTOMER_ID_PATTERN = r"^[^\x00-\x1f\x7f]+$"

# ISO 4217 active codes, without precious metals, test and special-purpose codes.
_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR
IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU
MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG
SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV
WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())

AMOUNT: dict[str, Any] = {"type": "int", "ge": AMOUNT_MIN, "le": AMOUNT_MAX, "strict": True}
CURRENCY: dict[str, Any] = {
    "type": "custom-error",
    "schema": {"type": "literal", "expected": sorted(CURRENCIES)},
    "custom_error_type": "currency",
    "custom_error_message": "Input should be an ISO 4217 currency code such as BRL",
}
CUSTOMER_ID: dict[str, Any] = {
    "type": "str",
    "min_length": 1,
    "max_length": CUSTOMER_ID_MAX,
    "pattern": CUSTOMER_ID_PATTERN,
    "strict": True,
}
REFERENCE: dict[str, Any] = {
    "type": "str",
    "min_length": 1,
    "max_length": REFERENCE_MAX,
    # Neither control characters nor halves of surrogate pairs, which no text column takes.
    "pattern": CUSTOMER_ID_PATTERN,
    "strict": True,
}
_CUSTOMER_ID = SchemaValidator(CUSTOMER_ID)


def to_object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The schema of an object with these fields; others are passed over."""
    fields: dict[str, Any] = {name: {"type": "typed-dict-field", "schema": schema} for name, schema in required.items()}
    for name, schema in (optional or {}).items():
        fields[name] = {"type": "typed-dict-field", "schema": schema, "required": False}
    return {"type": "typed-dict", "extra_behavior": "ignore", "total": True, "strict": True, "fields": fields}


def is_customer_id(value: object) -> bool:
    """Whether an order and its event can carry this customer."""
    return _CUSTOMER_ID.isinstance_python(value)


def parse_id(text: str) -> UUID | None:
    """An id in the one form that we hand out: what else `UUID` accepts (braces, URN, no hyphens) is none of ours."""
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None
