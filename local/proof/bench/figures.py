"""Pure: samples, ratios, budgets, verdicts, and the table that shows them.

Every value of a sample is the figure of one round, and rounds alternate between the two sides. The ratio is the median
of the ratios within each round, so a machine that slows down in the middle slows both. A figure without a budget has
no verdict. Nothing here fails: a missed budget is a word in the table. It is excused only where this machine cannot
show it, and the reason is printed. The load beside each row says how much else the machine had to do.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

MET, MISSED = "met", "MISSED"
HEADINGS = ("row", "measured", "median (range)", "beside", "median (range)", "ratio", "budget", "load", "verdict")
# Of the last minute, before and after a row was measured.
Load = tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """One figure per round."""

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        low, high = number(min(self.values)), number(max(self.values))
        return f"{number(self.median)} {self.unit} ({low}..{high})"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A limit for the ratio, or for the median of our own figure."""

    figure: Literal["ratio", "value"]
    at: Literal["most", "least"]
    limit: float

    def __str__(self) -> str:
        bound = "<=" if self.at == "most" else ">="
        return f"{bound} {self.limit:,g}"

    def is_met(self, row: Row) -> bool:
        """Say whether the row keeps to it. ValueError when the row has no ratio to hold to it."""
        seen = row.ratio if self.figure == "ratio" else row.ours.median
        if seen is None:
            raise ValueError(f"{row.measured}: a budget for a ratio, and no ratio")
        return seen <= self.limit if self.at == "most" else seen >= self.limit


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `excused`: why this machine cannot meet the budget."""

    row: str
    measured: str
    ours: Sample
    beside: str = ""
    theirs: Sample | None = None
    ratio: float | None = None
    budget: Budget | None = None
    excused: str = ""
    load: Load | None = None

    @property
    def verdict(self) -> str:
        if self.budget is None:
            return ""
        if self.budget.is_met(self):
            return MET
        return f"excused: {self.excused}" if self.excused else MISSED

    def cells(self) -> tuple[str, ...]:
        return (
            self.row,
            self.measured,
            str(self.ours),
            self.beside,
            str(self.theirs) if self.theirs else "",
            f"{self.ratio:.2f}" if self.ratio is not None else "",
            str(self.budget) if self.budget else "",
            f"{self.load[0]:.1f} to {self.load[1]:.1f}" if self.load else "",
            self.verdict,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "measured": self.measured,
            "unit": self.ours.unit,
            "values": self.ours.values,
            "median": self.ours.median,
            "beside": self.beside or None,
            "beside_values": self.theirs.values if self.theirs else None,
            "beside_unit": self.theirs.unit if self.theirs else None,
            "beside_median": self.theirs.median if self.theirs else None,
            "ratio": self.ratio,
            "budget": str(self.budget) if self.budget else None,
            "load": self.load,
            "verdict": self.verdict or None,
        }


@dataclass(frozen=True)
class Reference:
    """A figure that was measured elsewhere, once: for orientation, never in a ratio."""

    measured: str
    value: str
    machine: str

    def to_json(self) -> dict[str, Any]:
        return {"reference": self.measured, "value": self.value, "machine": self.machine}


@dataclass(frozen=True)
class Skipped:
    """A row that could not be measured, and why."""

    row: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {"row": self.row, "skipped": self.reason}


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of ours / theirs."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def number(value: float) -> str:
    """Three digits are what a measurement is worth."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(rows: Iterable[Row | Skipped], references: Iterable[Reference] = ()) -> str:
    """Return the rows in columns, below them what was skipped, and what was measured elsewhere."""
    known = list(rows)
    lines = [HEADINGS, *(row.cells() for row in known if isinstance(row, Row))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    shown.insert(1, "  ".join("-" * width for width in widths))
    skipped = [f"{row.row}: skipped, {row.reason}" for row in known if isinstance(row, Skipped)]
    elsewhere = [f"for reference: {each.measured}: {each.value} ({each.machine})" for each in references]
    return "\n".join([*shown, *skipped, *elsewhere])
