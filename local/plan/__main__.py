"""`python -m plan --stack local --out .local/plan.json`: evaluate `infra/` and write the plan.

Exit status 1 with a message for what cannot be booted; an exception in the program keeps its traceback.
"""

import argparse
import gc
import sys
import traceback
from pathlib import Path

from plan.freshness import alone, fingerprint, is_fresh, remember

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with alone(options.out):
        made_from = fingerprint(options.root.resolve(), options.stack)
        if options.if_changed and is_fresh(options.out, made_from):
            print(f"plan: {options.stack} -> {options.out} (unchanged)")
            return 0
        status = _write(options)
        if status == 0:
            remember(options.out, made_from)
        return status


def _write(options: argparse.Namespace) -> int:
    # The provider's SDK defines some ten thousand classes at import: collecting garbage among them takes half the time.
    gc.disable()
    from plan.collect import collect
    from plan.evaluate import UnknownStackError
    from plan.inputs import PlanError
    from plan.mocks import UnknownInputError, UnsupportedCallError

    try:
        plan = collect(options.root.resolve(), options.stack)
    except (PlanError, UnknownStackError, UnknownInputError, UnsupportedCallError) as error:
        print(f"plan: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        traceback.print_exc()
        print(f"plan: {options.root}/infra failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    # In one step: a system that boots beside this reads the former plan or this one.
    draft = options.out.with_name(f".{options.out.name}.new")
    draft.write_text(plan.to_json())
    draft.replace(options.out)
    counted = f"{len(plan.functions)} functions, {len(plan.event_source_mappings)} event source mappings"
    print(f"plan: {options.stack} -> {options.out} ({counted}, {len(plan.secrets)} secrets)")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m plan", description="Evaluate infra/ and write the plan.")
    parser.add_argument("--stack", required=True, help="local, dev or prod")
    parser.add_argument("--out", required=True, type=Path, help="the file to write")
    parser.add_argument(
        "--if-changed", action="store_true", help="keep the file when it was made from the same sources"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's root")
    return parser


if __name__ == "__main__":
    sys.exit(main())
