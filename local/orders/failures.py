"""What a command prints when a function or the gateway did not do what it was asked: one line, and what to do next."""

from __future__ import annotations

import json
import re
from typing import Any

from localregion.http_client import HttpError

_LINE_MAX = 400
# What is no fault of the code: the message says all, and the error's name is the function's own affair.
_REFUSALS = {
    *("InvalidRequestError", "UnknownMessageError", "UnknownQueueError"),
    *("ErasureRefusedError", "CustomerRefusedError", "RefusedError"),
}
# psycopg's names for a database that is not there, or says nothing.
_DATABASE_AWAY = {"OperationalError", "SilentServerError", "AdminShutdown", "CrashShutdown", "CannotConnectNow"}
_ARGUMENTS = {
    '"orderId"': "ORDER=…",
    '"side"': "SIDE=…",
    '"pid"': "PID=…",
    '"parkedId"': "ID=…",
    '"outboxId"': "ID=…",
    '"unmatchedId"': "ID=…",
    '"customerId"': "CUSTOMER=…",
}
_STATUS = "`make status` says what runs"


def of_function(error_type: str, message: str) -> str:
    """Say what a function failed with, in the words of the command that asked."""
    if error_type in _DATABASE_AWAY:
        first = message.strip().partition("\n")[0]
        return f"the database does not answer ({one_line(first)}): {_STATUS}, `make start SERVICE=postgres` starts it"
    for name, typed in _ARGUMENTS.items():
        message = message.replace(name, typed)
    return one_line(message if error_type in _REFUSALS else f"{error_type}: {message}")


def of_gateway(error: HttpError) -> str:
    """Say what the gateway answered, or that it did not."""
    if error.status is None:
        reason = re.sub(r"^\[Errno \d+\] ", "", error.reason)
        return f"the gateway does not answer ({reason}): {_STATUS}, `make start SERVICE=gateway` starts it"
    hint = f": {_STATUS}" if error.status >= 500 else ""
    return one_line(f"{error.status} {_said(error.body)}").removesuffix(".") + hint


def one_line(text: str) -> str:
    """Text from outside on one line, without what a terminal would obey."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= _LINE_MAX else line[: _LINE_MAX - 1] + "…"


def printable(text: str) -> str:
    """Text from outside, without what a terminal would obey."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _said(body: bytes) -> str:
    """The words of a problem (RFC 9457), or of Kong's own `message`."""
    try:
        document: Any = json.loads(body)
        return str(document.get("detail") or document.get("message") or document.get("title"))
    except (ValueError, AttributeError):
        return body.decode(errors="replace")
