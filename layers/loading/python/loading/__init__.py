"""Packages that functions import without what nobody asks for (decision 4)."""

from loading.unrun import register_unrun, submodule

__all__ = ["register_unrun", "submodule"]
