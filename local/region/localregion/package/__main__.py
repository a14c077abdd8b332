"""`python -m localregion.package --plan .local/plan.json`: build `dist/` from a plan and say how large it became.

Exit status 1 with a message when something keeps the archives from being built or deployed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from localregion import project
from localregion.package.build import Job, build
from localregion.package.bytecode import Compiler, find_compiler
from localregion.package.errors import PackagingError
from localregion.package.report import refuse_oversize, table
from localregion.package.target import Target, target_of, this_machine
from localregion.plan import model


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        root = (options.root or project.current().root).resolve()
        plan = model.load(options.plan)
        target = this_machine() if options.platform == "this" else target_of(plan)
        job = Job(
            plan=plan,
            target=target,
            root=root,
            dist=(options.out or root / "dist").resolve(),
            cache=(options.cache or root / ".local" / "package" / "uv").resolve(),
            compiler=_compiler(options.runtime_python, target),
            progress=lambda line: print(line, flush=True),
        )
        built = build(job)
        print(table(plan, built))
        refuse_oversize(plan, built)
    except (PackagingError, project.ProjectError, OSError, ValueError) as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


def _compiler(executable: str | None, target: Target) -> Compiler | None:
    compiler = find_compiler(executable or sys.executable, target.python_version)
    if compiler is None and executable:
        raise PackagingError(f"{executable} is not CPython {target.python_version}: its bytecode is of no use there")
    if compiler is None:
        print(
            f"warning: no bytecode is packaged, this is not Python {target.python_version}: cold starts compile every "
            f"module anew. Name one: make package RUNTIME_PYTHON=python{target.python_version}",
            file=sys.stderr,
        )
    return compiler


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localregion.package", description="Build the archives that Lambda gets."
    )
    parser.add_argument("--plan", type=Path, required=True, help="the plan that `make plan` wrote")
    parser.add_argument("--out", type=Path, help="folder of the archives (default dist/)")
    parser.add_argument("--root", type=Path, help="the project's root (default: that of the working directory)")
    parser.add_argument("--cache", type=Path, help="where uv keeps what it fetched (default .local/package/uv)")
    parser.add_argument(
        "--platform", choices=("plan", "this"), default="plan", help="the plan's (default), or this machine and Python"
    )
    parser.add_argument("--runtime-python", help="an interpreter of the runtime's version, to compile bytecode with")
    return parser


if __name__ == "__main__":
    sys.exit(main())
