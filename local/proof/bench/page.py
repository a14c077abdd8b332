"""Write the table of docs/figures.md anew from one run of the bench: `make figures`, `RUN=<file>` for an older one.

Only what a run has measured itself, with its machine and its loads: no row of another run is left in between.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from localregion.system.folder import Folder
from proof.bench.figures import Sample
from proof.checkout import ROOT

PAGE = ROOT / "docs" / "figures.md"
HEAD = ("row", "measured", "median (range)", "beside", "median (range)", "ratio", "budget", "load", "verdict")
_MARKED = re.compile(r"(<!-- run: `make figures` -->\n).*?(<!-- end -->)", re.DOTALL)

Document = Mapping[str, Any]


class NoRunError(Exception):
    """There is no such run, or none yet."""


def rendered(page: str, run: Document, *, name: str) -> str:
    """Return the page with this run's table. `name` is the run's file, which begins with its time."""
    text = "\n".join([_heading(run, name), "", *_table(run), "", *_below(run)]).rstrip()
    return _MARKED.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def _heading(run: Document, name: str) -> str:
    facts, load = run["machine"], run["load"]
    processor = facts["processor"] or facts["architecture"]
    moment = f"{name[:10]}, {name[11:16].replace('-', ':')} UTC"
    machine = f"{facts['cpus']} processors ({processor}), Python {facts['python']}"
    loads = f"load {load['before']:.1f} before and {load['after']:.1f} after, {run['seconds']} s in all"
    return f"Of {moment}: {machine}, {loads}. The commit before is `{run['base']}`."


def _table(run: Document) -> list[str]:
    measured = [row for row in run["rows"] if "skipped" not in row and "measured" in row]
    return [_line(HEAD), _line(["---"] * len(HEAD)), *(_line(_cells(row)) for row in measured)]


def _cells(row: Document) -> Sequence[str]:
    theirs, load = row["beside_values"], row["load"]
    return (
        f"`{row['row']}`",
        row["measured"],
        str(Sample(tuple(row["values"]), row["unit"])),
        row["beside"] or "",
        str(Sample(tuple(theirs), row["beside_unit"])) if theirs else "",
        f"{row['ratio']:.2f}" if row["ratio"] is not None else "",
        row["budget"] or "",
        f"{load[0]:.1f} to {load[1]:.1f}" if load else "",
        f"**{row['verdict']}**" if row["verdict"] not in (None, "met") else row["verdict"] or "",
    )


def _below(run: Document) -> Iterable[str]:
    for row in run["rows"]:
        if "skipped" in row:
            yield f"- `{row['row']}` was not measured: {row['skipped']}"
    for each in run["references"]:
        yield f"- For reference, {each['reference']}: {each['value']} ({each['machine']})"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def latest(folder: Path) -> Path:
    """Return the newest run's file. Raises NoRunError."""
    runs = sorted(folder.glob("????-??-??T??-??-??.json"))
    if not runs:
        raise NoRunError("no run yet: make bench")
    return runs[-1]


def main() -> int:
    given = os.environ.get("RUN", "")
    try:
        path = Path(given) if given else latest(Folder.from_environment(os.environ).path / "bench")
        run = json.loads(path.read_text())
    except (NoRunError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    PAGE.write_text(rendered(PAGE.read_text(), run, name=path.name))
    print(f"{PAGE.relative_to(ROOT)} has the run {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
