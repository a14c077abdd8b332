"""The SAM template beside the plan that it is made from: nothing missing, nothing added, no value of a secret.

What SAM and CloudFormation themselves think of it: docs/on-this-machine.md has the command, which needs aws-sam-cli.
"""

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from localregion.plan.model import REFERENCES, Plan
from localregion.sam.__main__ import main
from localregion.sam.template import ENDPOINT_VARIABLE

STACKS = ["local", "dev", "prod"]


def written(plan: Plan, folder: Path, *arguments: str, status: int = 1) -> dict[str, Any]:
    """Write the template of a plan as `make sam` does and read it back; it fails where parts are missing."""
    folder.mkdir(exist_ok=True)
    (folder / "plan.json").write_text(plan.to_json())
    assert main(["--plan", str(folder / "plan.json"), *arguments]) == status
    return dict(yaml.safe_load((folder / "template.yaml").read_text()))


@pytest.fixture
def template_of(
    plan_of: Callable[[str], Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], dict[str, Any]]:
    """Return the template of a stack on a machine where nothing runs and nothing is packaged."""
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path / "state"))
    root = ("--root", str(tmp_path / "project"))
    return lambda stack: written(plan_of(stack), tmp_path / stack, *root)


def functions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of each function of a template by its AWS name."""
    found = [each["Properties"] for each in template["Resources"].values() if each["Type"].endswith("::Function")]
    return {properties["FunctionName"]: properties for properties in found}


@pytest.mark.parametrize("stack", STACKS)
def test_the_template_has_every_function_as_the_plan_has_it(
    plan_of: Callable[[str], Plan], template_of: Callable[[str], dict[str, Any]], stack: str
) -> None:
    plan, found = plan_of(stack), functions(template_of(stack))

    assert found.keys() == {function.name for function in plan.functions}
    for function in plan.functions:
        properties = found[function.name]
        assert properties["Handler"] == function.handler
        assert properties["Runtime"] == function.runtime
        assert properties["Architectures"] == [function.architecture]
        assert (properties["MemorySize"], properties["Timeout"]) == (function.memory_mb, function.timeout_s)
        assert properties.get("ReservedConcurrentExecutions") == function.reserved_concurrency
        assert properties["CodeUri"] == f"../project/{function.code}"


@pytest.mark.parametrize("stack", STACKS)
def test_the_template_has_every_layer_in_the_order_of_the_plan(
    plan_of: Callable[[str], Plan], template_of: Callable[[str], dict[str, Any]], stack: str
) -> None:
    plan, template = plan_of(stack), template_of(stack)
    contents = {
        logical_id: f"dist/{resource['Properties']['ContentUri'].rstrip('/')}.zip"
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::LayerVersion"
    }

    assert set(contents.values()) == {layer for each in plan.functions for layer in each.layers if "arn:" not in layer}
    for name, properties in functions(template).items():
        layers = [contents[each["Ref"]] if isinstance(each, dict) else each for each in properties["Layers"]]
        assert layers == plan.function(name).layers


@pytest.mark.parametrize("stack", STACKS)
def test_the_template_has_every_variable_and_only_the_emulation_adds_one(
    plan_of: Callable[[str], Plan], template_of: Callable[[str], dict[str, Any]], stack: str
) -> None:
    plan, template = plan_of(stack), template_of(stack)
    added = {ENDPOINT_VARIABLE} if stack == "local" else set()
    referred = {"".join(word.capitalize() for word in name.replace(".", "_").split("_")) for name in REFERENCES}

    used = set()
    for name, properties in functions(template).items():
        variables = properties["Environment"]["Variables"]
        environment = plan.function(name).environment
        assert variables.keys() == environment.keys() | added
        for key, value in variables.items():
            if isinstance(value, dict):
                used.add(value["Ref"])
            elif "SECRET_ID" in key:
                assert value in plan.secrets
                assert environment[key].endswith(f":secret:{value}")
            else:
                assert value == environment[key].replace("127.0.0.1", "host.docker.internal")
    # cfn-lint refuses a parameter that nothing uses.
    assert used == template["Parameters"].keys()
    assert used <= referred | {"SecretsManagerEndpoint"}


def test_only_the_local_stack_has_addresses_to_begin_with(template_of: Callable[[str], dict[str, Any]]) -> None:
    local, dev = template_of("local")["Parameters"], template_of("dev")["Parameters"]

    assert local["DatabaseHost"] == {"Type": "String", "Default": "host.docker.internal"}
    assert all("Default" in parameter for parameter in local.values())
    assert not any("Default" in parameter for parameter in dev.values())


def test_the_same_plan_gives_the_same_template(local: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path / "state"))
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        written(local, folder, "--root", str(tmp_path / "project"))

    assert (one / "template.yaml").read_bytes() == (two / "template.yaml").read_bytes()


def running(folder: Path) -> Path:
    """The state of a system that runs, as far as the template needs it."""
    state = folder / "state"
    state.mkdir()
    addresses = {name: f"scheme://127.0.0.1/{name}" for name in REFERENCES}
    (state / "values.json").write_text(json.dumps(addresses))
    (state / "endpoints.json").write_text(json.dumps({"aws": "http://127.0.0.1:4321", "keys": {"demo": "key"}}))
    return state


def test_a_running_system_is_where_the_functions_are_led(
    local: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_DIR", str(running(tmp_path)))

    template = written(local, tmp_path / "sam", "--host", "here", "--root", str(tmp_path / "project"))

    env_file = tmp_path / "sam" / "env.json"
    env = json.loads(env_file.read_text())
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert env["CreateOrder"][ENDPOINT_VARIABLE] == "http://here:4321"
    assert env["CreateOrder"]["DATABASE_HOST"] == "scheme://here/database.host"
    assert env["CreateOrder"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://here:8080"
    for logical_id, variables in env.items():
        # SAM ignores a variable of env.json that the template does not have.
        assert variables.keys() == template["Resources"][logical_id]["Properties"]["Environment"]["Variables"].keys()


def test_layers_are_unpacked_because_docker_does_not(
    local: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = running(tmp_path)
    monkeypatch.setenv("LOCAL_DIR", str(state))
    project = tmp_path / "project"
    for archive in {archive for each in local.functions for archive in (each.code, *each.layers)}:
        (project / archive).parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(project / archive, "w") as content:
            content.writestr("python/module.py", archive)

    written(local, tmp_path / "sam", "--root", str(project), status=0)

    module = tmp_path / "sam" / "layers" / "contracts" / "python" / "module.py"
    assert module.read_text() == "dist/layers/contracts.zip"
