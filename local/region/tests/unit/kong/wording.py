"""Compare the errors of two readers of a configuration: Kong's and ours."""

from __future__ import annotations

import re

# The words of a parser or of a regular expression's engine are its own, and ours never says a key or a plugin's id.
_OWN_WORDS = (
    (re.compile(r"(invalid regex: .*?) ?\(.*"), r"\1"),
    (re.compile(r"(Router Expression failed validation:).*", re.DOTALL), r"\1"),
    (re.compile(r"(failed parsing declarative configuration:) .*"), r"\1"),
    (re.compile(r"(uniqueness violation: '(keyauth_credentials|plugins)' entity with) .*"), r"\1"),
    # Kong stumbles here; a word of one's own is no worse.
    (re.compile(r"attempt to concatenate .*"), "Failed parsing:\nfailed parsing declarative configuration:"),
)


def same_errors(ours: str, recorded: str) -> bool:
    """Say whether both refuse the same, line by line; Kong's order is that of its hash tables."""
    return _lines(ours) == _lines(recorded)


def _lines(text: str) -> list[str]:
    text = text.removeprefix("Error: ").split("\n\n  Run with")[0].strip()
    for own, kept in _OWN_WORDS:
        text = own.sub(kept, text)
    return sorted(text.splitlines())
