"""One plan read two ways, made comparable: what Pulumi's mocks register, and what AWS's API says of a deployment.

The two differ where AWS says less or more than the program, and here only:

- invocations are calls and no resources: the plan that is read back has none, and no stack's name;
- a mapping has no name in AWS; it is named by its queue;
- archives are compared by content: the one is a path of `dist/`, the other a folder named by a hash, or a
  layer's ARN;
- an ARN of a secret ends in six characters of AWS's, and a bucket's name in those of the provider;
- the administrator's secret that RDS makes is called `rds!db-` and an id;
- addresses stand where the program's plan has references;
- a container's program comes with its task, so its path is one of this machine's state.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localregion.plan.mocks import MANAGED_SECRET
from localregion.plan.model import Plan

_SECRET_SUFFIX = re.compile(r"(:secret:[^\"\\]+?)-\w{6}(?=[\"\\])")
_MANAGED = re.compile(r"rds!db-[\w-]+")
_HASH = re.compile(r"[0-9a-f]{64}")


def of_program(plan: Plan, *, values: Mapping[str, str], dist: Path, root: Path) -> dict[str, Any]:
    """Return the plan that was evaluated, in the form of both; `values` are the addresses here."""
    text = plan.to_json()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    made: dict[str, Any] = json.loads(text)
    hashes = {f"dist/{path.relative_to(dist)}": _sha256(path) for path in dist.rglob("*.zip")}
    return comparable(made, archive=lambda path: hashes[path], script=lambda path: (root / path).read_text())


def of_deployment(plan: Mapping[str, Any], *, buckets: Mapping[str, str], layers: Mapping[str, str]) -> dict[str, Any]:
    """Return the plan that was read back, in the form of both.

    `buckets` are the program's names by AWS's, `layers` the hashes of layers' archives by their ARNs.
    """
    text = without_generated_names(json.dumps(plan))
    for name, ours in buckets.items():
        text = text.replace(name, ours)

    def archive(path: str) -> str:
        return layers.get(path) or _HASH.findall(path)[-1]

    return comparable(json.loads(text), archive=archive, script=lambda path: Path(path).read_text())


def without_generated_names(text: str) -> str:
    """Return a plan's text with the names of secrets as the program has them."""
    return _MANAGED.sub(MANAGED_SECRET, _SECRET_SUFFIX.sub(r"\1", text))


def comparable(plan: dict[str, Any], *, archive: Callable[[str], str], script: Callable[[str], str]) -> dict[str, Any]:
    for function in plan["functions"]:
        function["code"] = archive(function["code"])
        function["layers"] = [archive(layer) for layer in function["layers"]]
    if (configurator := plan["gateway"]["configurator"]) is not None:
        configurator["script"] = script(configurator["script"])
    for mapping in plan["event_source_mappings"]:
        del mapping["name"]
    for kind, key in (("functions", "name"), ("schedules", "name"), ("event_source_mappings", "queue")):
        plan[kind].sort(key=lambda each, key=key: each[key])
    plan["event_invoke_configs"].sort(key=lambda each: each["function"])
    plan["secrets"] = dict(sorted(plan["secrets"].items()))
    plan["gateway"]["declarative_config"] = _sorted(plan["gateway"]["declarative_config"])
    return {key: value for key, value in plan.items() if key not in ("stack", "invocations")}


def _sorted(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _sorted(value) for key, value in sorted(node.items())}
    return [_sorted(each) for each in node] if isinstance(node, list) else node


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
