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


def complaint(text: str, error: json.JSONDecodeError) -> str:
    """Return what the Lua library says about a text that Python's cannot read, either."""
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
    """Return a decoded value as JSON text."""
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
            return f"{float(value):.14g}"
    return _text(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
