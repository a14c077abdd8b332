"""The pipelines as far as a program can check them without GitHub: commands that exist, few rights, nothing stored."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(path.name for path in FOLDER.glob("*.yml"))
ASSUMES_ROLE = "aws-actions/configure-aws-credentials"


def read(name: str) -> dict[Any, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text()))


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in read(name)["jobs"].values() for step in job.get("steps", [])]


def test_there_is_a_pipeline_for_each_purpose() -> None:
    assert WORKFLOWS == ["ci.yml", "deploy-stack.yml", "deploy.yml", "preview-stack.yml", "preview.yml"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_make_target_of_a_pipeline_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z.][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {target for step in steps(name) for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert used <= targets


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_pipeline_may_read_the_repository_and_more_only_where_it_assumes_a_role(name: str) -> None:
    workflow = read(name)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assumes_role = "uses" in job or any(step.get("uses", "").startswith(ASSUMES_ROLE) for step in job["steps"])
        assert job.get("permissions", {"contents": "read"}) == {
            "contents": "read",
            **({"id-token": "write"} if assumes_role else {}),
        }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_pipeline_stores_no_key_and_uses_none_that_is_stored(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert not re.search(r"\bsecrets\.|AKIA[0-9A-Z]{16}|aws-(secret-)?access-key|PULUMI_ACCESS_TOKEN", text)
    # With the code of a fork and the rights of the repository.
    assert "pull_request_target" not in text


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_has_a_version_and_no_checkout_leaves_its_token_behind(name: str) -> None:
    for step in steps(name):
        if action := step.get("uses"):
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", action)
            if action.startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_others_may_write_reaches_a_shell_as_a_variable_only(name: str) -> None:
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_job_runs_for_ever(name: str) -> None:
    assert all("uses" in job or job["timeout-minutes"] <= 90 for job in read(name)["jobs"].values())


@pytest.mark.parametrize("name", WORKFLOWS)
def test_credentials_last_as_long_as_the_job(name: str) -> None:
    for job in read(name)["jobs"].values():
        for step in job.get("steps", []):
            if step.get("uses", "").startswith(ASSUMES_ROLE):
                # An hour is what the action asks for where nothing is said.
                assert step["with"].get("role-duration-seconds", 3600) >= 60 * job["timeout-minutes"]


@pytest.mark.parametrize("name", ["deploy-stack.yml", "preview-stack.yml"])
def test_pulumis_cli_is_one_that_the_program_and_the_guide_ask_for(name: str) -> None:
    (step,) = [step for step in steps(name) if step.get("uses", "").startswith("pulumi/actions")]
    least = str(step["with"]["pulumi-version"]).removeprefix("^").removesuffix(".0")

    # `replace_with` came with it.
    assert least == "3.207"
    assert f"{least} or later" in (ROOT / "docs" / "deploy.md").read_text()


def test_the_guide_gives_the_deploying_role_a_session_as_long_as_the_job() -> None:
    job = read("deploy-stack.yml")["jobs"]["deploy"]

    wanted = f"--max-session-duration {60 * job['timeout-minutes']}"
    assert wanted in (ROOT / "docs" / "deploy.md").read_text()


def test_the_tests_run_on_every_python_that_the_project_promises() -> None:
    promised = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    versions = read("ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert promised is not None
    assert versions == [promised[1], "3.12", "3.13"]


def test_a_deployment_packages_first_and_orders_something_afterwards() -> None:
    commands = [step["run"] for step in steps("deploy-stack.yml") if "run" in step]
    (update,) = [command for command in commands if command.startswith("pulumi up")]
    assert "--policy-pack policies" in update
    assert commands.index("make package") < commands.index(update)
    assert "make smoke" in commands[-1]
    assert read("deploy-stack.yml")["jobs"]["deploy"]["concurrency"]["cancel-in-progress"] is False


def events(name: str) -> set[str]:
    # YAML 1.1 reads the key `on` as true.
    return set(read(name)[True])


def test_a_pull_request_reaches_the_state_and_the_key_of_dev_alone() -> None:
    asked = [name for name in WORKFLOWS if "pull_request" in events(name)]
    jobs = [job for name in asked for job in read(name)["jobs"].values()]

    assert asked == ["ci.yml", "preview.yml"]
    assert [job["with"] for job in jobs if "uses" in job] == [{"stack": "dev"}]
    assert [
        job for job in jobs if "environment" in job or ("id-token" in job.get("permissions", {}) and "uses" not in job)
    ] == []
    (preview,) = read("preview.yml")["jobs"].values()
    assert preview["if"] == "github.event.pull_request.head.repo.full_name == github.repository"


def test_a_preview_has_an_environment_and_a_role_that_deploy_nothing() -> None:
    text = (FOLDER / "preview-stack.yml").read_text()

    assert events("preview-stack.yml") == {"workflow_call"}
    assert read("preview-stack.yml")["jobs"]["preview"]["environment"] == "${{ inputs.stack }}-preview"
    assert "AWS_PREVIEW_ROLE_ARN" in text
    assert "AWS_DEPLOY_ROLE_ARN" not in text
    assert "AWS_PREVIEW_ROLE_ARN" not in (FOLDER / "deploy-stack.yml").read_text()


def test_production_is_previewed_when_it_is_merged_and_before_it_is_deployed() -> None:
    jobs = read("deploy.yml")["jobs"]

    assert read("deploy.yml")[True]["push"] == {"branches": ["main"]}
    assert jobs["preview-prod"]["uses"].endswith("/preview-stack.yml")
    assert (jobs["preview-prod"]["needs"], jobs["preview-prod"]["with"]) == ("dev", {"stack": "prod"})
    assert jobs["prod"]["needs"] == "preview-prod"


def test_the_guide_names_each_environment_and_whom_its_role_trusts() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text()

    for environment in ("dev", "prod", "dev-preview", "prod-preview"):
        assert f"| `{environment}` | `repo:OWNER/NAME:environment:{environment}` |" in guide
