"""How many rows the next batch takes: as many as went in a quarter of a second, within two bounds.

Each batch costs round trips and two waits for a disk, so many rows share them where broker and database are quick.
Where they are slow, a transaction stays short and a batch is confirmed in time. A batch that was not confirmed is
looked into row by row, and only one of the least size is: a large one is begun anew in small ones first.
"""

from __future__ import annotations

ROWS_MIN = 100
ROWS_MAX = 1_000
TARGET_S = 0.25


class BatchSize:
    """One per run, which begins with the least."""

    def __init__(self) -> None:
        self.rows = ROWS_MIN

    def went(self, rows: int, *, seconds: float) -> None:
        """At most twice as many after each batch. One that was not full, or full of bytes, says nothing of rows."""
        if rows < self.rows:
            return
        fitting = int(rows * TARGET_S / max(seconds, 1e-6))
        self.rows = max(ROWS_MIN, min(fitting, 2 * rows, ROWS_MAX))

    def begin_anew(self) -> None:
        self.rows = ROWS_MIN
