"""A stack that lacks what only a deployment needs is refused before anything is created, and can still be planned."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from tests.infra.program import configure, copy_program

import deployable
from configuration import ConfigurationError
from functions import ARCHIVES
from localregion import project
from localregion.plan.evaluate import evaluate
from localregion.plan.mocks import RecordingMonitor, Resource

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/6f1d3e2a-0000-4000-8000-000000000001"
COMPLETE = {"certificateArn": CERTIFICATE, "alarmEmail": "you@example.com"}


@pytest.fixture
def created(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the program take the recording monitor for Pulumi's engine, and return what it registers there."""
    types: list[str] = []

    class Engine(RecordingMonitor):
        def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
            types.append(request.type)
            return super().RegisterResource(request)

    monkeypatch.setattr("localregion.plan.evaluate.RecordingMonitor", Engine)
    monkeypatch.setattr(deployable, "_is_planned", lambda: False)
    return types


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Resource]]:
    """Return what deploys a stack with some keys changed and, unless they are named as missing, its archives."""

    def deployed(stack: str, *missing: str, **changes: Any) -> list[Resource]:
        configure(copy_program(tmp_path), stack, **changes)
        archives = [tmp_path / "dist" / path.name for path in ARCHIVES]
        (tmp_path / "dist").mkdir()
        for path in archives:
            if path.name not in missing:
                path.touch()
        monkeypatch.setattr("functions.ARCHIVES", archives)
        return evaluate(project.read(tmp_path), stack)[0]

    return deployed


def test_missing_archives_name_the_command(deploy: Callable[..., Any], created: list[str]) -> None:
    with pytest.raises(
        deployable.NotDeployableError,
        match=r"dist/ has no create_order\.zip, systems\.zip: `make package RUNTIME_PYTHON=python3\.13`",
    ):
        deploy("dev", "create_order.zip", "systems.zip")

    assert {*created} <= {"pulumi:pulumi:Stack"}


def test_the_archives_are_those_that_the_plan_names(evaluated: Callable[[str], tuple[list[Resource], str]]) -> None:
    # Two functions may run one package.
    codes = {each.inputs["code"]["path"] for each in evaluated("prod")[0] if "code" in each.inputs}

    assert sorted(codes) == sorted(f"../{'/'.join(path.parts[-3:])}" for path in ARCHIVES)


def test_a_placeholder_and_a_production_whose_alarms_nobody_gets_are_refused(
    deploy: Callable[..., Any], created: list[str]
) -> None:
    with pytest.raises(deployable.NotDeployableError) as refused:
        deploy("prod")

    assert "certificateArn is a placeholder: `pulumi config set --stack prod" in str(refused.value)
    assert "alarmEmail is missing, and isProtected is true" in str(refused.value)
    assert {*created} <= {"pulumi:pulumi:Stack"}


@pytest.mark.parametrize("key", COMPLETE)
def test_each_of_the_two_is_refused_alone(deploy: Callable[..., Any], created: list[str], key: str) -> None:
    kept = {name: value for name, value in COMPLETE.items() if name != key}

    with pytest.raises(deployable.NotDeployableError, match=key) as refused:
        deploy("prod", **kept)

    assert str(refused.value).count("\n") == 1
    assert {*created} <= {"pulumi:pulumi:Stack"}


@pytest.mark.parametrize(("stack", "changes"), [("dev", {}), ("prod", COMPLETE)])
def test_a_complete_stack_is_deployed(
    deploy: Callable[..., Any], created: list[str], stack: str, changes: dict[str, str]
) -> None:
    assert len(deploy(stack, **changes)) > 100
    assert len(created) > 100


def test_pulumi_prints_these_messages_without_a_traceback() -> None:
    assert issubclass(deployable.NotDeployableError, pulumi.RunError)
    assert issubclass(ConfigurationError, pulumi.RunError)
