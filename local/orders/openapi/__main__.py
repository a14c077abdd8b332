"""`make openapi`: write the description into the contracts layer, from where `GET /openapi.json` serves it."""

from collections.abc import Sequence

from contracts.openapi import FILE
from orders.openapi.document import text


def main(_arguments: Sequence[str] = ()) -> int:
    FILE.write_text(text(), encoding="utf-8")
    return 0
