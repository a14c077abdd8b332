"""JSON as Kong's Lua library reads and writes it: its words for what is broken, and what survives of a payload.

Numbers become doubles of 14 digits, so `1.0` is `1` and large integers lose digits; unless they are to be kept, empty
arrays become `{}`. Keys come in an order of their own in Kong, in the payload's here.
"""

from __future__ import annotations

import json
import re
from typing import Any

_WANTED = {
    "Expecting value": "value",
    "Expecting property name enclosed in double quotes": "object key string",
    "Expecting ':' delimiter": "colon",
    "Extra data": "the end",
    "Illegal trailing comma before end of object": "object key string",
    "Illegal trailing comma before end of array": "value",
}
_TOKENS = {"{": "T_OBJ_BEGIN", "}": "T_OBJ_END", "[": "T_ARR_BEGIN", "]": "T_ARR_END", ":": "T_COLON", ",": "T_COMMA"}
_LITERALS = (
    (re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL), "T_STRING"),
    (re.compile(r"true|false"), "T_BOOLEAN"),
    (re.compile(r"null"), "T_NULL"),
    (re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"), "T_NUMBER"),
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


# An escape that stands for half a character of UTF-16, and any escape.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(r"\\(?:u([dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F])|.)", re.DOTALL)
_REST_OF_KEY = re.compile(r'(?:[^"\\]|\\.)*"\s*:', re.DOTALL)
_HALF = "half a character"


def decode(text: str) -> Any:
    """Return the decoded text. JSONDecodeError also for half a character, which Python's library takes."""
    half = _half_a_character(text) if _SURROGATE.search(text) else None
    try:
        value = _loads(text)
    except json.JSONDecodeError as error:
        if half is None or error.pos < half:
            raise
    if half is not None:
        raise json.JSONDecodeError(_HALF, text, half)
    return value


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # More digits than Python reads in one integer.
        return json.loads(text, parse_int=float)


def _half_a_character(text: str) -> int | None:
    """Return where the first escape is that is half a pair."""
    return next((escape.start() for escape in _ESCAPE.finditer(text) if escape[2]), None)


def number_text(value: float) -> str:
    """Return a number as Lua prints it, a double of 14 digits."""
    try:
        return f"{float(value):.14g}"
    except OverflowError:
        return "inf" if value > 0 else "-inf"


def complaint(text: str, error: json.JSONDecodeError) -> str:
    """Return what the Lua library says about a text that Python's cannot read, either."""
    if error.msg == _HALF:
        expected = "object key string" if _REST_OF_KEY.match(text, error.pos) else "value"
        return f"Expected {expected} but found invalid unicode escape code at character {error.pos + 1}"
    position = error.pos
    while position < len(text) and text[position] in " \t\r\n,"[: 5 if error.msg.startswith("Illegal") else 4]:
        position += 1
    wanted = _WANTED.get(error.msg)
    if error.msg == "Expecting ',' delimiter":
        wanted = f"comma or {_container(text[:position])} end"
    return f"Expected {wanted or 'value'} but found {_token(text, position)} at character {position + 1}"


def _container(text: str) -> str:
    """Return what is still open at the end of a text."""
    brackets = re.sub(r"[^\[\]{}]", "", _STRING.sub("", text))
    while brackets != (closed := brackets.replace("[]", "").replace("{}", "")):
        brackets = closed
    return "array" if brackets.endswith("[") else "object"


def _token(text: str, position: int) -> str:
    if position >= len(text):
        return "T_END"
    if text[position] in _TOKENS:
        return _TOKENS[text[position]]
    return next((name for literal, name in _LITERALS if literal.match(text, position)), "invalid token")


def encode(value: Any, *, keeps_empty_arrays: bool) -> str:
    """Return a decoded value as JSON text. ValueError for a number that JSON does not have."""
    match value:
        case dict():
            members = (
                f"{_text(name)}:{encode(member, keeps_empty_arrays=keeps_empty_arrays)}"
                for name, member in value.items()
            )
            return f"{{{','.join(members)}}}"
        case []:
            return "[]" if keeps_empty_arrays else "{}"
        case list():
            return f"[{','.join(encode(member, keeps_empty_arrays=keeps_empty_arrays) for member in value)}]"
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return _number(value)
    return _text(value)


def _number(value: float) -> str:
    if "n" in (text := number_text(value)):
        raise ValueError("cannot serialise number: must not be NaN or Infinity")
    return text


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
