"""What the real engine deployed, changed and destroyed, replayed against port 4566: answered as recorded, and it runs.

The recordings lack the archives of functions and layers. Each function here answers what it is given, as moto did for
them; what `release` would have made in the broker is made when it is invoked.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.infra.deployment import compared_plans
from tests.infra.deployment.own_region import OwnRegion
from tests.infra.recorded_ids import Ids
from tests.infra.replay import ACCOUNT, Difference, Exchange, recording, replay
from tests.plain_http import NO_TLS

from localregion.plan import model
from localregion.services.management_api import ManagementApi
from localregion.services.ports import HOST, is_taken
from localregion.testing.fixtures import need_rabbitmq

RECORDED_PLAN = Path(__file__).parent / "recorded" / "plan_dev.json"
TIMEOUT_S = 30
_ARCHIVE = re.compile(r"<archive of (?P<size>\d+) bytes, sha256 (?P<sha256>[^>]+)>")
_MAPPING = "/2015-03-31/event-source-mappings"
# Where an answer may differ from the recorded one in the last parts of its path, and why.
EXCUSED = {
    "Endpoint/Port": "the real Postgres' port, not the one that was asked for",
    "deployments/0/rolloutStateReason": "recorded: 'in progress', of a deployment that was COMPLETED",
    "deployments/0/desiredCount": "recorded: unchanged when the service was scaled to 0; AWS changes both",
    "deployments/0/runningCount": "as desiredCount",
    "CodeSize": "an archive of ours",
    "Location": "recorded: an address that answers nothing; here the archive's",
    "VpcConfig/VpcId": "recorded: vpc-123abc, whatever the subnets are in; Lambda's API here knows of no VPC",
    "RevisionId": "AWS gives one, moto does not",
    "KMSKeyArn": "recorded: null; AWS leaves it out",
    "SigningJobArn": "as KMSKeyArn",
    "SigningProfileVersionArn": "as KMSKeyArn",
    "RoutingConfig": "as KMSKeyArn",
    "Tags": "recorded: an empty map; AWS leaves it out",
    "LastProcessingResult": "AWS says it, moto does not",
    "StateTransitionReason": "recorded: 'User initiated'; AWS spells it USER_INITIATED",
    "LastModified": "a time",
    "CreatedDate": "a time",
}


def test_the_recorded_deployment_runs_from_up_to_destroy(region: OwnRegion, ids: Ids) -> None:
    deployment = Replayed(region, ids)

    assert deployment.differing("up") == []
    assert read_back(region) == recorded_plan(region)
    assert deployment.differing("refresh") == []
    region.down()
    region.up()
    assert deployment.differing("refresh") == []
    assert deployment.differing("change") == []
    assert read_back(region) == recorded_plan(region, batch_size=5_000, timeout_s=45)
    assert {"gateway", "postgres", "amqp"} <= region.known.keys()
    assert deployment.differing("destroy") == []
    assert region.known.keys().isdisjoint({"gateway", "postgres", "amqp"})
    assert not any(is_taken(port) for port in (region.ports.gateway, region.ports.postgres, region.ports.rabbitmq))


@pytest.fixture
def region(services_folder: Path) -> Iterator[OwnRegion]:
    need_rabbitmq()
    folder = services_folder / "recorded-region"
    folder.mkdir(mode=0o711)  # Postgres does not run as root and has to reach its data
    region = OwnRegion(folder)
    try:
        region.up()
        yield region
    finally:
        region.down()


@pytest.fixture
def ids(region: OwnRegion) -> Ids:
    ports = region.ports
    elsewhere = {
        "amqps://mockmq:5671": f"amqp://{HOST}:{ports.rabbitmq}",
        "https://0000.mq.us-east-1.amazonaws.com": f"http://{HOST}:{ports.rabbitmq_management}",
        "dev-orders.aaaaaaaaaa.us-east-1.rds.amazonaws.com": HOST,
        "dev-orders.db-proxy-26eijxs33cij.us-east-1.rds.amazonaws.com": HOST,
        "dev-orders-1.us-east-1.elb.amazonaws.com": f"{HOST}:{ports.gateway}",
    }
    return Ids({ACCOUNT: model.ACCOUNT, **elsewhere, **{sha256: code_sha256() for sha256 in recorded_archives()}})


class Replayed:
    """The recorded requests, sent one after another."""

    def __init__(self, region: OwnRegion, ids: Ids) -> None:
        self._region = region
        self._ids = ids

    def differing(self, name: str) -> list[str]:
        exchanges = [as_aws_answers(each) for each in recording(name)]
        found = replay(exchanges, self._region.endpoint, self._ids, body=self._body)
        return [str(each) for each in found if not is_excused(each)]

    def _body(self, exchange: Exchange) -> str | bytes:
        self._wait_until_due(exchange)
        if exchange.service != "lambda":
            return str(exchange.request)
        if isinstance(exchange.request, dict):
            return json.dumps({"Content": {"ZipFile": archive()}, "CompatibleRuntimes": ["python3.13"]} | LAYER)
        return _ARCHIVE.sub(archive(), str(exchange.request))

    def _wait_until_due(self, exchange: Exchange) -> None:
        """An engine sends a request when the one before has had its effect."""
        if exchange.path.startswith("/2015-03-31/functions/dev-release/invocations"):
            self._make_queues()
        if exchange.method == "GET" and exchange.path.startswith(_MAPPING):
            wanted = (200, json.loads(exchange.response)["State"]) if exchange.status == 200 else (404, None)
            self._wait_for_mapping(exchange.path, *wanted)

    def _make_queues(self) -> None:
        """Make what `release` makes: the mappings' user and the queues that they read."""
        api = ManagementApi.of_system(self._region.known)
        login = secret_of(self._region, "dev-broker/invoices_mapping")
        api.put("users", login["username"], document={"password": login["password"], "tags": ""})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put("permissions", "/", login["username"], document=everything)
        for mapping in json.loads(RECORDED_PLAN.read_text())["event_source_mappings"]:
            quorum = {"durable": True, "arguments": {"x-queue-type": "quorum"}}
            api.put("queues", "/", mapping["queue"], document=quorum)

    def _wait_for_mapping(self, path: str, status: int, state: str | None) -> None:
        address = self._region.endpoint + self._ids.translated(path)
        wait_until(lambda: mapping_state(address) == (status, state), what=lambda: mapping_state(address))


LAYER = {"CompatibleArchitectures": ["arm64"], "Description": "", "LicenseInfo": ""}


def as_aws_answers(exchange: Exchange) -> Exchange:
    """Return what was recorded with AWS's own status and state where moto's, which answered, are others.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html and its neighbours say the statuses.
    """
    if exchange.service != "lambda":
        return exchange
    if "/aliases/" in exchange.path:
        status, response = (204, "") if exchange.method == "DELETE" else (200, exchange.response)
        return dataclasses.replace(exchange, status=status, response=response)
    if exchange.method == "DELETE" and "/layers/" in exchange.path:
        return dataclasses.replace(exchange, status=204, response="")
    if exchange.path == _MAPPING and exchange.method == "POST":
        return dataclasses.replace(exchange, status=202, response=exchange.response.replace('"Enabled"', '"Creating"'))
    if exchange.path.startswith(_MAPPING) and exchange.method in ("PUT", "DELETE"):
        state = '"Updating"' if exchange.method == "PUT" else '"Deleting"'
        return dataclasses.replace(exchange, response=exchange.response.replace('"Enabled"', state))
    return exchange


def read_back(region: OwnRegion) -> dict[str, Any]:
    """Return the plan that was read back, in the form of both."""
    text = compared_plans.without_generated_names(json.dumps(region.plan))
    return compared_plans.comparable(json.loads(text), archive=what_it_is, script=str)


def recorded_plan(region: OwnRegion, *, batch_size: int = 10_000, timeout_s: int = 50) -> dict[str, Any]:
    """Return the plan of the commit that was recorded, changed as the change that was, in the form of both."""
    text = model.load(RECORDED_PLAN).to_json()
    for name, value in addresses(region).items():
        text = text.replace(f"${{{name}}}", value)
    plan = json.loads(text)
    for schedule in plan["schedules"]:
        schedule["name"] = f"dev-{schedule['name']}"
    for mapping in plan["event_source_mappings"]:
        mapping["batch_size"] = 1 if "dead-letter" in mapping["queue"] else batch_size
    for function in plan["functions"]:
        function["timeout_s"] = timeout_s if function["name"] == "dev-outbox_relay" else function["timeout_s"]
    return compared_plans.comparable(plan, archive=what_it_is, script=str)


def what_it_is(path: str) -> str:
    """Return which layer an archive or an ARN is of; a function's code is an archive of ours."""
    if (layer := re.fullmatch(r"dist/layers/(\w+)\.zip|arn:.*:layer:dev-(\w+):1", path)) is not None:
        return layer[1] or layer[2]
    return path if path.startswith("arn:") else "code"


def addresses(region: OwnRegion) -> dict[str, str]:
    """Return what a reference of the plan is here; the recorded requests have the port of RDS Proxy in them."""
    values: dict[str, str] = json.loads(region.folder.values.read_text())
    return {**values, "database.port": "5432"}


def recorded_archives() -> set[str]:
    responses = [each.response for each in recording("up") if each.service == "lambda"]
    return {found for text in responses for found in re.findall(r'"CodeSha256": "([^"]+)"', text)}


def archive() -> str:
    """Return a zip, in base64, that holds every function's handler; each returns what it is given."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for function in json.loads(RECORDED_PLAN.read_text())["functions"]:
            module = str(function["handler"]).rpartition(".")[0].replace(".", "/")
            file.writestr(zipfile.ZipInfo(f"{module}.py"), "def lambda_handler(event, context):\n    return event\n")
    return base64.b64encode(written.getvalue()).decode()


def code_sha256() -> str:
    return base64.b64encode(hashlib.sha256(base64.b64decode(archive())).digest()).decode()


def secret_of(region: OwnRegion, name: str) -> dict[str, str]:
    secrets: dict[str, dict[str, str]] = json.loads(region.folder.secrets.read_text())
    return secrets[name]


def mapping_state(address: str) -> tuple[int, str | None]:
    answer = httpx.get(address, timeout=TIMEOUT_S, verify=NO_TLS)
    return answer.status_code, answer.json().get("State")


def wait_until(is_reached: Callable[[], bool], *, what: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not is_reached():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def is_excused(difference: Difference) -> bool:
    if difference.where == "/Description" and difference.ours == "":
        return True
    return difference.where.endswith(tuple(EXCUSED))
