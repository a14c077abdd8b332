"""Pulumi's engine and its AWS provider, as far as a test needs them: the program runs here, its resources are real.

The program is evaluated as for a plan, but for what answers. Each resource is created by the provider's requests, in
the form that recordings of the real one have (`recorded_form.py` compares them); its outputs are made from the answers.
Left out are state, diffs and previews: a deployment begins with nothing and ends with all of it deleted.
"""

from __future__ import annotations

import json
import runpy
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.sync_await import _sync_await
from tests.infra.deployment import (
    balancers,
    brokers,
    buckets,
    databases,
    functions,
    identity,
    monitoring,
    network,
    schedules,
    secrets_manager,
    security_groups,
    services,
)
from tests.infra.deployment.api import Api, Created

from localregion import project
from localregion.plan.evaluate import record, stack_config
from localregion.plan.inputs import plain
from localregion.plan.mocks import RecordingMonitor, is_secret

_MODULES = (
    balancers, brokers, buckets, databases, functions, identity, monitoring, network, schedules, secrets_manager,
    security_groups, services,
)  # fmt: skip
RESOURCES = {type_: create for module in _MODULES for type_, create in module.RESOURCES.items()}
_SECRETS = {"aws:secretsmanager/secretVersion:SecretVersion": ("secretString",)}


class Provider(Mocks):
    """Creates each resource when the program registers it, and remembers in which order they were there."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.created: list[tuple[str, str, Created]] = []
        self._lock = threading.Lock()

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # type: ignore[override]  # Pulumi accepts a plain dict
        assert args.token == "aws:secretsmanager/getRandomPassword:getRandomPassword", args.token
        return secrets_manager.random_password(self.api, _clear(args.args))

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.typ.startswith(("aws:", "awsx:")):
            return args.name, dict(args.inputs)  # a component of the program: nothing is asked for
        made = RESOURCES[args.typ](self.api, args.name, _clear(args.inputs))
        with self._lock:
            self.created.append((args.typ, args.name, made))
        # Those of a component of awsx have other types than its inputs.
        outputs = {} if args.typ.startswith("awsx:") else dict(args.inputs)
        outputs.update(made.outputs)
        return made.id, {**outputs, **{key: _marked(outputs[key]) for key in _SECRETS.get(args.typ, ())}}


class Deployment:
    """A stack of the program in `root`, at an endpoint: `up`, then `outputs`, then `destroy`."""

    def __init__(self, root: Path, stack: str, endpoint: str) -> None:
        self._described, self._stack = project.read(root), stack
        self._program = root / self._described.program
        self._config, self._secret_keys = stack_config(self._program, stack)
        tags = json.loads(self._config.get("aws:defaultTags", '{"tags": {}}'))["tags"]
        self.api = Api(endpoint, region=self._config["aws:region"], folder=self._program, tags=tags)
        self._provider = Provider(self.api)
        self.outputs: Mapping[str, Any] = {}

    @property
    def created(self) -> list[tuple[str, str, Created]]:
        """Type, name and what was made of each resource, in the order in which they were there."""
        return list(self._provider.created)

    def up(self) -> None:
        self.api.log_in()
        path = list(sys.path)
        sys.path.insert(0, str(self._program))
        try:
            record(
                lambda: runpy.run_path(str(self._program / "__main__.py"), run_name="__main__"),
                monitor=RecordingMonitor(self._provider),
                project=yaml.safe_load((self._program / "Pulumi.yaml").read_text())["name"],
                stack=self._stack,
                config=self._config,
                secret_keys=self._secret_keys,
            )
        finally:
            sys.path[:] = path
        exported = get_root_resource().outputs
        self.outputs = {name: _sync_await(pulumi.Output.from_input(value).future()) for name, value in exported.items()}

    def destroy(self) -> None:
        """Delete what there is, the last first; also what a deployment that failed had made."""
        self.api.log_in()
        while self._provider.created:
            _, _, made = self._provider.created.pop()
            made.delete()


def _clear(node: Any) -> Any:
    """Return inputs as a provider reads them: secrets in clear, whole numbers as such, archives left alone."""
    if is_secret(node):
        return _clear(node["value"])
    if isinstance(node, pulumi.Archive):
        return node
    if isinstance(node, Mapping):
        return {key: _clear(value) for key, value in node.items() if value is not None}
    return [_clear(each) for each in node] if isinstance(node, list) else plain(node)


def _marked(value: str) -> Any:
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}
