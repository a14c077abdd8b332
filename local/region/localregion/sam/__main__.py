"""`python -m localregion.sam --plan FILE`: write the SAM template of a plan beside it, and what it needs to run.

template.yaml, layers/ unpacked from `dist/`, and for the stack `local` env.json (mode 0600) while `make up` runs.
Exit status 1 when the plan cannot be read, or when something is missing for an invocation, beside the template.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from localregion import project
from localregion.plan import model
from localregion.plan.model import Plan
from localregion.plan.sources import is_archive
from localregion.sam.environment import env_vars
from localregion.sam.references import seen_from_container
from localregion.sam.template import build, layer_folder
from localregion.services.ports import HOST, Ports
from localregion.system.configuration import reference_values
from localregion.system.endpoints import NotRunningError, load
from localregion.system.folder import Folder, write_private

_LOCAL = "local"
_HEAD = "# Written by `{command}` from {program}/, for `sam local invoke`; a change here is lost.\n"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    described = project.read(options.root) if options.root else project.current()
    options.root = described.root
    try:
        plan = model.load(options.plan)
    except (OSError, ValueError) as error:
        print(f"sam: {error}", file=sys.stderr)
        return 1
    folder: Path = options.plan.resolve().parent
    head = _HEAD.format(command=project.command("sam"), program=described.program)
    (folder / "template.yaml").write_text(head + yaml.safe_dump(_template(plan, options, folder), sort_keys=False))
    print(f"sam: {plan.stack} -> {folder / 'template.yaml'} ({len(plan.functions)} functions)")
    missing = [*_unpack_layers(plan, options.root, folder), *_write_env_vars(plan, options.host, folder)]
    for note in missing:
        print(f"sam: {note}", file=sys.stderr)
    return 1 if missing else 0


def _template(plan: Plan, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    code_root = Path(os.path.relpath(options.root.resolve(), folder)).as_posix()
    if plan.stack != _LOCAL:
        return build(plan, code_root=code_root, defaults={}, endpoint=None)
    ports = Ports()
    defaults = seen_from_container(reference_values(ports, {}), loopback=HOST, host=options.host)
    seen = _seen(plan, options.host)
    return build(seen, code_root=code_root, defaults=defaults, endpoint=f"http://{options.host}:{ports.aws}")


def _seen(plan: Plan, host: str) -> Plan:
    """Return the plan with variables that name this machine as a container does: where spans go is one of them."""
    environments = [seen_from_container(each.environment, loopback=HOST, host=host) for each in plan.functions]
    functions = [replace(each, environment=seen) for each, seen in zip(plan.functions, environments, strict=True)]
    return replace(plan, functions=functions)


def _unpack_layers(plan: Plan, root: Path, folder: Path) -> list[str]:
    """Unpack the layers; return what is missing."""
    archives = {layer for function in plan.functions for layer in function.layers if is_archive(layer)}
    archives |= {function.code for function in plan.functions}
    if missing := sorted(archive for archive in archives if not (root / archive).is_file()):
        return [f"{missing[0]} is missing: `{project.command('package')}`, then `{project.command('sam')}` again"]
    for layer in sorted(archives - {function.code for function in plan.functions}):
        target = folder / layer_folder(layer)
        shutil.rmtree(target, ignore_errors=True)
        with zipfile.ZipFile(root / layer) as archive:
            archive.extractall(target)
    return []


def _write_env_vars(plan: Plan, host: str, folder: Path) -> list[str]:
    """Write env.json for the running system; return why not."""
    path = folder / "env.json"
    path.unlink(missing_ok=True)
    if plan.stack != _LOCAL:
        return []
    system = Folder.from_environment(os.environ)
    try:
        aws = load(system)["aws"]
        addresses = {**json.loads(system.values.read_text()), "aws": aws}
    except (NotRunningError, FileNotFoundError):
        return [f"nothing is running, so no env.json: `{project.command('up')}`, then `{project.command('sam')}` again"]
    values = seen_from_container(addresses, loopback=HOST, host=host)
    write_private(path, json.dumps(env_vars(_seen(plan, host), values, values["aws"]), indent=2) + "\n")
    return []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localregion sam", description="Write the SAM template of a plan.")
    parser.add_argument("--plan", type=Path, required=True, help="the plan; the template is written beside it")
    parser.add_argument(
        "--host",
        default="host.docker.internal",
        help="this machine, as a container reaches it",
    )
    parser.add_argument("--root", type=Path, help="the project's root (default: that of the working directory)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
