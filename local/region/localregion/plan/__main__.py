"""`localregion plan`: evaluate the program and write the plan.

Exit status 1 with a message for what cannot be booted; an exception in the program keeps its traceback.
"""

import argparse
import gc
import sys
import traceback
from pathlib import Path

from localregion import project
from localregion.plan.freshness import alone, fingerprint, is_fresh, remember
from localregion.project import Project


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        described = project.read(options.root) if options.root else project.current()
    except project.ProjectError as error:
        print(f"plan: {error}", file=sys.stderr)
        return 1
    options.out = options.out or described.root / ".local" / "plan.json"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with alone(options.out):
        made_from = fingerprint(described, options.stack)
        if options.if_changed and is_fresh(options.out, made_from):
            print(f"plan: {options.stack} -> {options.out} (unchanged)")
            return 0
        status = _write(described, options)
        if status == 0:
            remember(options.out, made_from)
        return status


def _write(described: Project, options: argparse.Namespace) -> int:
    # The provider's SDK defines some ten thousand classes at import: collecting garbage among them takes half the time.
    gc.disable()
    from localregion.plan.collect import collect
    from localregion.plan.errors import PlanError
    from localregion.plan.evaluate import UnknownStackError
    from localregion.plan.mocks import UnknownInputError, UnsupportedCallError

    try:
        plan = collect(described, options.stack)
    except (PlanError, UnknownStackError, UnknownInputError, UnsupportedCallError) as error:
        print(f"plan: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        traceback.print_exc()
        print(f"plan: {described.root / described.program} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    # In one step: a system that boots beside this reads the former plan or this one.
    draft = options.out.with_name(f".{options.out.name}.new")
    draft.write_text(plan.to_json())
    draft.replace(options.out)
    counted = f"{len(plan.functions)} functions, {len(plan.event_source_mappings)} event source mappings"
    print(f"plan: {options.stack} -> {options.out} ({counted}, {len(plan.secrets)} secrets)")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localregion plan", description="Evaluate the program and write the plan.")
    parser.add_argument("--stack", default="local", help="the program's stack (default: local)")
    parser.add_argument("--out", type=Path, help="the file to write (default: .local/plan.json)")
    parser.add_argument(
        "--if-changed", action="store_true", help="keep the file when it was made from the same sources"
    )
    parser.add_argument("--root", type=Path, help="the project's root (default: that of the working directory)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
