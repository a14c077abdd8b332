"""Turn a route's `~/` path into a Python expression that matches what Kong's router matches.

Kong compiles it twice: with Rust's regex crate to route, with PCRE2 to capture. Both are anchored at the start only.
What they and Python read differently is refused: look-around (Rust refuses it, too), flags in the middle, recursion.
"""

from __future__ import annotations

import re

_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")
_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_END = re.compile(r"(?<!\\)((?:\\\\)*)\$$")


class UnsupportedRegexError(Exception):
    """The expression is broken, or Kong and Python would read it differently."""


class LookAroundError(UnsupportedRegexError):
    """look-around, including look-ahead and look-behind, is not supported"""


def compile_path(pattern: str) -> re.Pattern[str]:
    """Return the compiled expression, for `match`. The text it is used on holds one character per byte."""
    if _LOOK_AROUND.search(pattern):
        raise LookAroundError(LookAroundError.__doc__)
    translated = _NAMED_GROUP.sub("(?P<", pattern)
    # Rust's `$` is the very end, Python's also stands before a last line feed.
    translated = _END.sub(r"\1\\Z", translated)
    try:
        return re.compile(translated.encode().decode("latin-1"), re.ASCII)
    except re.error as error:
        raise UnsupportedRegexError(str(error)) from error
