"""A changed program makes a changed plan, and a program that cannot be booted is refused with the reason."""

import hashlib
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.infra.program import ROOT, copy_program, edit, small_program

from contracts import topology
from localregion import project
from localregion.plan.collect import collect
from localregion.plan.freshness import source_files
from localregion.plan.inputs import PlanError
from localregion.plan.mocks import UnknownInputError, UnsupportedCallError
from localregion.plan.model import Plan

PLANTED = "hunter2-planted-by-the-test"
LAST_LINE = 'pulumi.export("broker", broker.arn)\n'
WATCH = """
import sys
opened = set()
sys.addaudithook(lambda event, args: opened.add(str(args[0])) if event == "open" else None)
from localregion.plan.__main__ import main
status = main(sys.argv[1:])
print("\\n".join(opened))
sys.exit(status)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_program(tmp_path)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The plan of production, made by the command, and every file that it opened meanwhile."""
    out = tmp_path_factory.mktemp("watched") / "plan.json"
    done = _python("-c", WATCH, "--stack", "prod", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out, done.stdout.splitlines()


def test_two_environments_are_two_mappings_of_each_main_queue_through_aliases_of_their_own(tmp_path: Path) -> None:
    root = copy_program(tmp_path)
    stack = root / "infra" / "Pulumi.local.yaml"
    stack.write_text(f'{stack.read_text()}  serverless-orders:consumerEnvironments: "2"\n')

    changed = collect(project.read(root), "local")

    found = sorted((mapping.queue, str(mapping.qualifier)) for mapping in changed.event_source_mappings)
    assert found == sorted(
        each
        for queue in topology.QUEUES
        for each in ((queue.name, "live"), (queue.name, "live-2"), (queue.dead_letter_queue, "live"))
    )
    assert changed.function("invoice_consumer").aliases == ["live", "live-2"]
    assert changed.function("create_order").aliases == ["live"]


def test_batch_size_timeout_and_variables_follow_the_program(tmp_path: Path, local: Plan) -> None:
    root = copy_program(tmp_path)
    edit(root, "batch_size=10_000", "batch_size=123")
    edit(root, "timeout_s=300", "timeout_s=77")
    edit(root, '"INVOICE_DUE_DAYS": "30"', '"INVOICE_DUE_DAYS": "14"')

    changed = collect(project.read(root), "local")

    assert sorted(mapping.batch_size for mapping in changed.event_source_mappings) == [1, 1, 1, 123, 123, 123]
    assert changed.function("release").timeout_s == 77
    assert changed.function("invoice_consumer").environment["INVOICE_DUE_DAYS"] == "14"
    assert changed.function("create_order") == local.function("create_order")


def test_two_evaluations_of_one_program_write_the_same_plan(
    watched: tuple[Path, list[str]], plan_of: Callable[[str], Plan]
) -> None:
    assert watched[0].read_text() == plan_of("prod").to_json()


def test_a_secret_in_a_functions_environment_is_refused_by_name(root: Path) -> None:
    edit(root, '"INVOICE_DUE_DAYS": "30"', f'"INVOICE_DUE_DAYS": pulumi.Output.secret("{PLANTED}")')

    with pytest.raises(PlanError, match=r"'invoice_consumer'.*INVOICE_DUE_DAYS holds a secret") as refused:
        collect(project.read(root), "local")
    assert PLANTED not in str(refused.value)


def test_a_key_that_is_no_secret_of_the_program_is_refused(root: Path) -> None:
    edit(root, 'key["key"],', f'pulumi.Output.secret("{PLANTED}"),')

    with pytest.raises(PlanError, match="not the value of a secret's version") as refused:
        collect(project.read(root), "local")
    assert PLANTED not in str(refused.value)


def test_a_secret_with_a_planted_value_shows_no_value(root: Path) -> None:
    version = (
        'planted = aws.secretsmanager.Secret("planted", name="planted")\n'
        'aws.secretsmanager.SecretVersion("planted", secret_id=planted.id, secret_string=pulumi.Output.secret('
        f'"""{{"username": "u", "password": "{PLANTED}"}}"""))\n'
    )
    edit(root, LAST_LINE, LAST_LINE + version)

    plan = collect(project.read(root), "local")

    assert plan.secrets["planted"] == {"password": {"$secret": "planted"}, "username": "u"}
    assert PLANTED not in plan.to_json()


def test_a_secret_value_that_also_stands_in_clear_is_refused(root: Path) -> None:
    version = (
        'planted = aws.secretsmanager.Secret("planted", name="planted")\n'
        'aws.secretsmanager.SecretVersion("planted", secret_id=planted.id, secret_string=pulumi.Output.secret('
        f'"""{{"password": "{PLANTED}"}}"""))\n'
    )
    edit(root, LAST_LINE, LAST_LINE + version)
    edit(root, '"INVOICE_DUE_DAYS": "30"', f'"INVOICE_DUE_DAYS": "{PLANTED}"')

    with pytest.raises(PlanError, match="stands in the plan in clear") as refused:
        collect(project.read(root), "local")
    assert PLANTED not in str(refused.value)


def test_an_input_from_an_output_that_nobody_gives_is_refused_with_its_path(root: Path) -> None:
    unknown = 'aws.cloudwatch.LogGroup("unknown").log_group_class'
    edit(root, '"INVOICE_DUE_DAYS": "30"', f'"INVOICE_DUE_DAYS": {unknown}')

    with pytest.raises(UnknownInputError, match=r"Function 'invoice_consumer'.*environment\.variables\.INVOICE"):
        collect(project.read(root), "local")


def test_a_resource_that_would_run_in_aws_and_not_here_is_refused(root: Path) -> None:
    edit(root, LAST_LINE, LAST_LINE + 'aws.sqs.Queue("jobs")\n')

    with pytest.raises(PlanError, match=r"aws:sqs/queue:Queue 'jobs' has no place in the plan"):
        collect(project.read(root), "local")


def test_a_question_to_aws_is_refused(root: Path) -> None:
    edit(root, LAST_LINE, LAST_LINE + "aws.get_caller_identity()\n")

    with pytest.raises(UnsupportedCallError, match="getCallerIdentity"):
        collect(project.read(root), "local")


def test_an_exception_in_the_program_leads_to_the_programs_line(root: Path) -> None:
    edit(root, LAST_LINE, 'raise RuntimeError("broken on purpose")\n' + LAST_LINE)

    with pytest.raises(RuntimeError, match="broken on purpose") as raised:
        collect(project.read(root), "local")
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert Path(last.filename) == root / "infra" / "__main__.py"


def test_encrypted_configuration_needs_no_key_to_make_a_plan(root: Path) -> None:
    before = collect(project.read(root), "local").to_json()
    stack = root / "infra" / "Pulumi.local.yaml"
    stack.write_text(stack.read_text() + "  serverless-orders:unused:\n    secure: v1:AAAA:BBBB\n")

    assert collect(project.read(root), "local").to_json() == before


def test_the_command_writes_the_plan_once_and_keeps_it_while_nothing_changed(root: Path) -> None:
    made = collect(project.read(root), "local").to_json()
    out = root / "out" / "plan.json"

    first = _command(root, out)
    second = _command(root, out, "--if-changed")
    os.unlink(root / "kong")
    (root / "kong").mkdir()
    third = _command(root, out, "--if-changed")

    assert first.stdout.startswith(f"plan: local -> {out} (1 functions, 1 event source mappings, 3 secrets)")
    assert first.stdout.count("\n") == 1
    assert _sha(out.read_bytes()) == _sha(made.encode())
    assert "(unchanged)" in second.stdout
    assert third.returncode == 1
    assert "kong.yml" in third.stderr


def test_the_program_reads_no_file_that_the_fingerprint_leaves_out(watched: tuple[Path, list[str]]) -> None:
    ours = {Path(line) for line in watched[1] if line.startswith(f"{ROOT}/")}
    read = {path for path in ours if "__pycache__" not in path.parts and ".venv" not in path.parts}
    assert ROOT / "kong" / "kong.yml" in read
    assert read <= {path for _, path in source_files(project.read(ROOT))} | {ROOT / "pyproject.toml"}


def test_an_unknown_stack_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = _command(ROOT, tmp_path / "plan.json", "--stack", "staging")

    assert done.returncode == 1
    assert "there is no stack 'staging'" in done.stderr
    assert "dev, laptop, local, prod" in done.stderr


def _command(root: Path, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _python("-m", "localregion.plan", "--stack", "local", "--root", str(root), "--out", str(out), *arguments)


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "local" / "region")}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
