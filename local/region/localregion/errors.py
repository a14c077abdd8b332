"""The one error that a command turns into a message and exit status 1."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot do what it was asked to; the text says why and, where that is known, what helps."""
