"""What an operator is refused, because it is wrong or would do harm: the message says what would be right."""

from __future__ import annotations

from operations.arguments import InvalidRequestError
from operations.customers import CustomerRefusedError
from operations.erasure import ErasureRefusedError
from operations.parked_messages import UnknownMessageError, UnknownQueueError


class RefusedError(Exception):
    """It is not done, and nothing is changed."""


REFUSALS = (
    InvalidRequestError,
    UnknownMessageError,
    UnknownQueueError,
    ErasureRefusedError,
    CustomerRefusedError,
    RefusedError,
)
