"""Write what each service of `local/docker-compose.yml` reads, each into a folder (a volume) of its own.

`infra/` is evaluated anew at every start and secrets are generated once, so another plan needs no other secrets. The
emulator alone gets all secrets (mode 0600); Kong's configurator gets routes and no key, Postgres and RabbitMQ what
makes their administrators (mode 0640, for the group that the compose file gives to each of them).
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from localregion.compose import configurator, credentials
from localregion.plan import model
from localregion.plan.__main__ import main as write_plan
from localregion.system.folder import write_private
from localregion.system.generated_secrets import Secrets, load_and_fill

STACK = "compose"
# Where the containers find each other: the services' names, the images' ports.
VALUES = {
    "database.host": "postgres",
    "database.port": "5432",
    "broker.endpoint": "amqp://rabbitmq:5672",
    "broker.management_url": "http://rabbitmq:15672",
}
DEFINITIONS = "/configuration/definitions.json"
_RABBITMQ_CONF = f"""\
# As Amazon MQ sets it up where that matters to a client; the rest is the image's.
heartbeat = 60
load_definitions = {DEFINITIONS}
"""
_SALT_BYTES = 16


class PrepareError(Exception):
    """`infra/` cannot be evaluated; the evaluation has said why."""


def prepare(configuration: Path) -> None:
    """Fill `configuration/{configurator,emulator,postgres,rabbitmq}`. Raises PrepareError."""
    out = configuration / "emulator" / "plan.json"
    if write_plan(["--stack", STACK, "--out", str(out), "--if-changed"]) != 0:
        raise PrepareError("the plan could not be made, see above")
    write(model.load(out), configuration)


def write(plan: model.Plan, configuration: Path) -> None:
    """Write everything but the plan itself."""
    for service in ("configurator", "emulator", "postgres", "rabbitmq"):
        (configuration / service).mkdir(parents=True, exist_ok=True)
    known = load_and_fill(configuration / "emulator" / "secrets.json", plan.secrets)
    write_private(configuration / "emulator" / "values.json", json.dumps(VALUES, indent=2) + "\n")
    _write_configurator(plan, known, configuration / "configurator")
    _write_postgres(plan, known, configuration / "postgres")
    _write_rabbitmq(plan, known, configuration / "rabbitmq")


def _write_configurator(plan: model.Plan, known: Secrets, folder: Path) -> None:
    gateway = model.resolve(plan, VALUES, known).gateway
    if gateway is not None and gateway.configurator is not None:
        text = configurator.describe(gateway, gateway.configurator, region=plan.region)
        _write_for_group(folder / "configurator.json", text)


def _write_postgres(plan: model.Plan, known: Secrets, folder: Path) -> None:
    if plan.database is None:
        return
    superuser = folder / "superuser-password"
    if not superuser.exists():
        _write_for_group(superuser, secrets.token_hex(16) + "\n")
    administrator = known[plan.database.admin_secret]
    script = credentials.administrator_sql(
        database=plan.database.name,
        user=administrator["username"],
        password=administrator["password"],
        salt=secrets.token_bytes(_SALT_BYTES),
    )
    _write_for_group(folder / "10-administrator.sql", script)


def _write_rabbitmq(plan: model.Plan, known: Secrets, folder: Path) -> None:
    if plan.broker is None:
        return
    administrator = known[plan.broker.admin_secret]
    definitions = credentials.administrator_definitions(
        user=administrator["username"], password=administrator["password"], salt=secrets.token_bytes(4)
    )
    _write_for_group(folder / "definitions.json", json.dumps(definitions, indent=2) + "\n")
    _write_for_group(folder / "rabbitmq.conf", _RABBITMQ_CONF)


def _write_for_group(path: Path, text: str) -> None:
    """Replace a file that its owner and its service's group may read, and no other user at any moment."""
    write_private(path, text)
    path.chmod(0o640)
