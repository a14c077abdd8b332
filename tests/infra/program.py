"""Pulumi programs that a test may change: a copy of the project's own, and a small one that is evaluated in no time."""

import os
import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
# One of each thing that the plan is made of, of the same types as in the project's program.
SMALL = """
import json
from pathlib import Path

import pulumi
import pulumi_aws as aws

KONG_YML = (Path(__file__).resolve().parent.parent / "kong" / "kong.yml").read_text()


def secret(name, **fields):
    made = aws.secretsmanager.Secret(name, name=name)
    content = pulumi.Output.secret(json.dumps(fields))
    version = aws.secretsmanager.SecretVersion(name, secret_id=made.id, secret_string=content)
    return made, version.secret_string.apply(json.loads)


database = aws.rds.Instance(
    "database", identifier="orders", db_name="orders", engine_version="18", instance_class="db.t4g.micro",
    username="administrator", manage_master_user_password=True,
)
admin, admin_fields = secret("broker-admin", username="admin", password="generated")
broker = aws.mq.Broker(
    "broker", broker_name="orders", engine_type="RabbitMQ", engine_version="4.2", host_instance_type="mq.m7g.medium",
    users=[{"username": "admin", "password": admin_fields["password"]}],
)
role = aws.iam.Role("invoice_consumer", assume_role_policy="{}")
function = aws.lambda_.Function(
    "invoice_consumer",
    name="invoice_consumer",
    role=role.arn,
    handler="invoice_consumer.handler.lambda_handler",
    runtime="python3.13",
    memory_size=1024,
    timeout=120,
    code=pulumi.FileArchive("../dist/functions/invoice_consumer.zip"),
    environment={"variables": {"INVOICE_DUE_DAYS": "30"}},
)
aws.lambda_.EventSourceMapping(
    "order-created",
    event_source_arn=broker.arn,
    function_name=function.arn,
    queues="q",
    batch_size=10_000,
    source_access_configurations=[{"type": "BASIC_AUTH", "uri": admin.arn}],
)
_, key = secret("gateway/demo", key="generated")


class Gateway(pulumi.ComponentResource):
    def __init__(self, **properties):
        super().__init__("serverless-orders:components:Gateway", "gateway", properties)


Gateway(
    version="3.9.3",
    declarative_config={"consumers": [{
        "username": "demo",
        "key": key["key"],
    }]},
)
pulumi.export("broker", broker.arn)
"""


def copy_program(folder: Path) -> Path:
    """Return a project in `folder`: its own `infra/`, everything else linked."""
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("functions", "kong", "layers", "local", "migrations", "pyproject.toml", "requirements.lock"):
        os.symlink(ROOT / name, folder / name)
    return folder


def small_program(folder: Path) -> Path:
    """Return a project in `folder` with the small program in place of `infra/__main__.py`."""
    root = copy_program(folder)
    (root / "infra" / "__main__.py").write_text(SMALL)
    return root


def configure(root: Path, stack: str, **values: Any) -> None:
    """Set keys of a stack's configuration; None takes one away."""
    path = root / "infra" / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(path.read_text())
    changed = {f"serverless-orders:{key}": value for key, value in values.items()}
    document["config"] = {key: value for key, value in {**document["config"], **changed}.items() if value is not None}
    path.write_text(yaml.safe_dump(document))


def edit(root: Path, old: str, new: str) -> None:
    """Replace one piece of `infra/__main__.py`; AssertionError when it is not there exactly once."""
    program = root / "infra" / "__main__.py"
    text = program.read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in the program"
    program.write_text(text.replace(old, new))
