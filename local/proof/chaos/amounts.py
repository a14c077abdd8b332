"""Amounts that belong to one run and to nothing else in the database: they tell which intent a row is of."""

from __future__ import annotations

import itertools

# Far above what anybody else orders here.
ORDERS_FROM = 1_000_000_000
# Of the orders that the nemesis makes up: no client ever asked for one.
STRAYS_FROM = 500_000_000_000


class Amounts:
    """Counts up from the amounts that earlier runs left; safe to use from many threads."""

    def __init__(self, *, orders_from: int = ORDERS_FROM, strays_from: int = STRAYS_FROM) -> None:
        self.orders_from = orders_from
        self.strays_from = strays_from
        self._orders = itertools.count(orders_from)
        self._strays = itertools.count(strays_from)

    def order(self) -> int:
        return next(self._orders)

    def stray(self) -> int:
        return next(self._strays)
