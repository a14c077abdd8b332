"""A stack that lacks what only a deployment needs is refused before anything is created, and can still be planned."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs
from tests.infra.program import configure, copy_program

import deployable
from configuration import ConfigurationError
from functions import ARCHIVES
from localregion import project
from localregion.package.target import this_machine
from localregion.plan.evaluate import evaluate
from localregion.plan.mocks import AwsMocks, RecordingMonitor, Resource

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/6f1d3e2a-0000-4000-8000-000000000001"
LAMBDAS = "python3.13-aarch64"
COMPLETE = {"certificateArn": CERTIFICATE, "alarmEmail": "you@example.com"}


class Account(AwsMocks):
    """AWS with the usual quota of Lambda's concurrent executions."""

    quota = 1_000

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        if args.token == "aws:servicequotas/getServiceQuota:getServiceQuota":
            assert args.args == {"serviceCode": "lambda", "quotaCode": "L-B99A9384"}
            return {**args.args, "value": float(self.quota)}
        return super().call(args)


class NewAccount(Account):
    quota = 10


class SmallAccount(Account):
    quota = 300


class AccessDenied(grpc.RpcError):
    """What the engine answers when the provider was refused."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "AccessDeniedException: not authorized to perform servicequotas:GetServiceQuota"


class ClosedAccount(Account):
    """AWS for credentials that may deploy and not ask for quotas."""

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        if "servicequotas" in args.token:
            raise AccessDenied
        return super().call(args)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[AwsMocks]], None]:
    """Return what chooses the account; until then it is the usual one."""

    def choose(mocks: type[AwsMocks]) -> None:
        monkeypatch.setattr("localregion.plan.evaluate.AwsMocks", mocks)

    choose(Account)
    return choose


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
        region, platform = changes.pop("region", None), changes.pop("platform", LAMBDAS)
        root = copy_program(tmp_path)
        configure(root, stack, **changes)
        if region is not None:
            path = root / "infra" / f"Pulumi.{stack}.yaml"
            path.write_text(path.read_text().replace("aws:region: us-east-1", f"aws:region: {region}"))
        archives = [tmp_path / "dist" / path.name for path in ARCHIVES]
        (tmp_path / "dist").mkdir()
        for path in archives:
            if path.name not in missing:
                path.touch()
        manifest = tmp_path / "dist" / "manifest.json"
        manifest.write_text(json.dumps({path.name: {"platform": platform} for path in archives}))
        monkeypatch.setattr("functions.ARCHIVES", archives)
        monkeypatch.setattr("functions.MANIFEST", manifest)
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


def test_a_new_account_is_refused_before_anything_is_created_with_both_ways_out(
    deploy: Callable[..., Any], created: list[str], account: Callable[[type[AwsMocks]], None]
) -> None:
    account(NewAccount)
    with pytest.raises(deployable.NotDeployableError) as refused:
        deploy("dev")

    said = str(refused.value)
    assert "quota of concurrent executions is 10, the functions reserve 2, and Lambda keeps 100 unreserved" in said
    assert "request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000" in said
    assert "`pulumi config set --stack dev serverless-orders:accountConcurrency 10`, with which nothing is" in said
    assert {*created} <= {"pulumi:pulumi:Stack"}


def test_a_new_account_takes_a_stack_that_says_so(
    deploy: Callable[..., list[Resource]], created: list[str], account: Callable[[type[AwsMocks]], None]
) -> None:
    account(NewAccount)
    functions = [each for each in deploy("dev", accountConcurrency=10) if each.type == "aws:lambda/function:Function"]

    assert functions
    assert [each.name for each in functions if "reservedConcurrentExecutions" in each.inputs] == []


def test_production_needs_what_it_reserves_and_a_hundred(
    deploy: Callable[..., Any], created: list[str], account: Callable[[type[AwsMocks]], None]
) -> None:
    account(SmallAccount)
    with pytest.raises(
        deployable.NotDeployableError, match=r"is 300, the functions reserve 253.* --desired-value 1000"
    ):
        deploy("prod", **COMPLETE)


def test_credentials_that_may_not_read_the_quota_deploy_with_a_warning(
    deploy: Callable[..., list[Resource]],
    created: list[str],
    account: Callable[[type[AwsMocks]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    account(ClosedAccount)

    assert len(deploy("dev")) > 100
    assert len(warnings) == 1
    assert "(the right is servicequotas:GetServiceQuota)" in warnings[0]
    assert "AccessDeniedException" in warnings[0]


def test_a_region_whose_authorities_are_not_packaged_is_refused(deploy: Callable[..., Any], created: list[str]) -> None:
    with pytest.raises(deployable.NotDeployableError, match=r"has no authority of xx-nowhere-1: add those in https"):
        deploy("dev", region="xx-nowhere-1")


def test_archives_for_the_other_platform_are_refused_with_the_command_that_builds_the_right_ones(
    deploy: Callable[..., Any], created: list[str]
) -> None:
    here = this_machine().name
    with pytest.raises(deployable.NotDeployableError) as refused:
        deploy("laptop", platform=LAMBDAS)

    assert f"are for {LAMBDAS}, this stack runs on {here}: `make package STACK=laptop` builds" in str(refused.value)
    assert {*created} <= {"pulumi:pulumi:Stack"}


def test_archives_of_a_laptop_never_reach_aws(deploy: Callable[..., Any], created: list[str]) -> None:
    with pytest.raises(deployable.NotDeployableError, match=r"are for .*: `make package RUNTIME_PYTHON=python3\.13`"):
        deploy("dev", platform=this_machine().name)

    assert {*created} <= {"pulumi:pulumi:Stack"}


def test_a_laptop_takes_its_own_archives_and_has_no_quota(
    deploy: Callable[..., list[Resource]], created: list[str], account: Callable[[type[AwsMocks]], None]
) -> None:
    account(AwsMocks)  # which knows no call of Service Quotas

    assert len(deploy("laptop", platform=this_machine().name)) > 100


def test_pulumi_prints_these_messages_without_a_traceback() -> None:
    assert issubclass(deployable.NotDeployableError, pulumi.RunError)
    assert issubclass(ConfigurationError, pulumi.RunError)
