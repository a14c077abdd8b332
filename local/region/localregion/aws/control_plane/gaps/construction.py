"""Do something more whenever one of moto's objects is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def after_construction(of: Any, then: Callable[[Any, dict[str, Any]], None]) -> None:
    """Call `then` with each new object of a class and the named arguments that it was made of."""
    init = of.__init__

    def with_more(self: Any, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        then(self, options)

    of.__init__ = with_more
