"""Run the Pulumi program of a stack in this process and return the resources it registers.

No Pulumi CLI, no AWS, no network. An exception in the program is raised as it is, with the program's own line in its
traceback. The program's modules stay imported: a second evaluation in a process sees changes in `__main__.py` only.
"""

import json
import re
import runpy
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pulumi.runtime import resource as pulumi_resource
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import set_mocks
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from localregion.plan.errors import PlanError
from localregion.plan.mocks import AwsMocks, RecordingMonitor, Resource
from localregion.project import Project

_MISSING = re.compile(r"Missing required property '(\w+)'")


class UnknownStackError(Exception):
    """There is no configuration file for this stack."""


def evaluate(described: Project, stack: str) -> tuple[list[Resource], str]:
    """Return the resources of the program for a stack, in no particular order, and the stack's AWS region."""
    program = described.root / described.program
    name = yaml.safe_load((program / "Pulumi.yaml").read_text())["name"]
    config, secret_keys = stack_config(program, stack)
    region = config.get("aws:region", "us-east-1")
    monitor = RecordingMonitor(AwsMocks(region=region))
    path = list(sys.path)
    sys.path.insert(0, str(program))
    try:
        record(
            lambda: runpy.run_path(str(program / "__main__.py"), run_name="__main__"),
            monitor=monitor,
            project=name,
            stack=stack,
            config=config,
            secret_keys=secret_keys,
        )
    except TypeError as error:
        raise missing_input(error) or error from error.__cause__
    finally:
        sys.path[:] = path
    return monitor.recorded, region


def record(
    program: Callable[[], object],
    *,
    monitor: RecordingMonitor,
    project: str,
    stack: str,
    config: dict[str, str],
    secret_keys: Sequence[str] = (),
) -> None:
    """Run a program and wait until all its resources are registered with `monitor`; raise what it raises."""
    # With `preview`, outputs without a value are unknown instead of absent, so that the monitor can refuse them.
    set_mocks(monitor.mocks, project=project, stack=stack, preview=True, monitor=monitor)
    SETTINGS.callbacks = monitor.callbacks
    set_all_config(config, list(secret_keys))
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    # Where each resource was made, frame by frame, is for the engine's messages; on pytest's stack it took a quarter.
    pulumi_resource._get_stack_trace = source_pb2.StackTrace

    def run() -> None:
        program()

    _sync_await(run_pulumi_func(run))


def missing_input(error: TypeError) -> PlanError | None:
    """Return which resource lacks what, for the error of the provider's SDK, which only says what."""
    found = _MISSING.fullmatch(str(error))
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if "resource_name" in frame.f_locals]
    if found is None or not frames:
        return None
    resource = frames[-1].f_locals
    type_ = getattr(type(resource["__self__"]), "pulumi_type", type(resource["__self__"]).__name__)
    return PlanError(f"{type_} {resource['resource_name']!r} has no {found[1]}: AWS requires one, give it `{found[1]}`")


def stack_config(program: Path, stack: str) -> tuple[dict[str, str], list[str]]:
    """Return `Pulumi.<stack>.yaml` as the engine would hand it over, and which of its keys are secret.

    Encrypted values stay encrypted: a placeholder stands for each, for nothing here may need one.
    """
    path = program / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(file.name.split(".")[1] for file in program.glob("Pulumi.*.yaml"))
        raise UnknownStackError(f"there is no stack {stack!r}; {program} has {', '.join(known)}")
    entries: Mapping[str, Any] = (yaml.safe_load(path.read_text()) or {}).get("config") or {}
    return {key: _config_text(key, value) for key, value in entries.items()}, [
        key for key, value in entries.items() if _is_encrypted(value)
    ]


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"}


def _config_text(key: str, value: Any) -> str:
    if _is_encrypted(value):
        return f"${{secret:{key}}}"
    return value if isinstance(value, str) else json.dumps(value)
