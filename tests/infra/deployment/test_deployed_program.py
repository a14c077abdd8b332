"""Today's program, deployed onto a region of this machine by the provider's requests, runs: an order is paid there.

It is what `pulumi up --stack laptop` does, without Pulumi's engine: `engine.py` says what is left out.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.evaluations import set_event_loop
from tests.infra.deployment import compared_plans
from tests.infra.deployment.api import Created
from tests.infra.deployment.engine import RESOURCES, Deployment
from tests.infra.deployment.own_region import STACK, OwnRegion
from tests.infra.deployment.recorded_form import deviations
from tests.infra.deployment.request import Request, recorded
from tests.infra.program import ROOT, copy_program
from tests.plain_http import NO_TLS

from localregion import project
from localregion.package.build import Job, build
from localregion.package.errors import NetworkError
from localregion.package.target import this_machine
from localregion.plan.collect import collect
from localregion.plan.mocks import Resource
from localregion.plan.model import Plan
from localregion.services.ports import is_taken
from localregion.testing.fixtures import need_rabbitmq
from orders import webhook
from orders.pay import payment_for

TIMEOUT_S = 120
_LAYER = "aws:lambda/layerVersion:LayerVersion"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The region, the deployment in it, the project it came from and the requests that made it."""

    region: OwnRegion
    deployment: Deployment
    root: Path
    requests: list[Request]

    def secret(self, arn: str) -> dict[str, str]:
        """Return the fields of a secret, as a person with rights would read them."""
        text = self.deployment.api.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        fields: dict[str, str] = json.loads(text)
        return fields

    def layers(self) -> dict[str, str]:
        """Return the hashes of the layers' archives, as Lambda says them."""
        client = self.deployment.api.client("lambda")
        found = [client.get_layer_version_by_arn(Arn=each.id) for each in self.created(_LAYER)]
        return {each["LayerVersionArn"]: base64.b64decode(each["Content"]["CodeSha256"]).hex() for each in found}

    def created(self, type_: str) -> list[Created]:
        return [made for each, _, made in self.deployment.created if each == type_]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with archives for this machine in a `dist` of its own."""
    folder = copy_program(tmp_path_factory.mktemp("project"))
    set_event_loop()
    job = Job(
        plan=collect(project.read(folder), STACK),
        target=this_machine(),
        root=folder,
        dist=folder / "dist",
        cache=ROOT / ".local" / "package" / "uv",
        compiler=None,
        progress=lambda line: None,
        compression_level=0,
    )
    try:
        build(job)
    except NetworkError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="module")
def deployed(root: Path, services_folder: Path) -> Iterator[Deployed]:
    need_rabbitmq()
    folder = services_folder / "region"
    folder.mkdir(mode=0o711)  # Postgres does not run as root and has to reach its data
    region = OwnRegion(folder)
    try:
        region.up()
        deployment = region.deployment(root)
        set_event_loop()
        deployment.up()
        requests = list(deployment.api.requests)
        yield Deployed(region=region, deployment=deployment, root=root, requests=requests)
    finally:
        region.down()


@pytest.mark.parametrize("stack", ["laptop", "dev"])
def test_each_type_of_the_program_has_its_requests(
    evaluated: Callable[[str], tuple[list[Resource], str]], stack: str
) -> None:
    types = {each.type for each in evaluated(stack)[0] if each.type.startswith(("aws:", "awsx:"))}

    assert types - RESOURCES.keys() == set()


def test_the_gateway_answers_as_soon_as_the_deployment_is_over(deployed: Deployed) -> None:
    # The first test of the deployment, for that: no other one takes its time before it.
    answer = httpx.get(f"{deployed.deployment.outputs['url']}/health", timeout=30, verify=NO_TLS)

    assert answer.status_code == httpx.codes.OK, answer.text


def test_it_is_deployed_by_requests_in_the_recorded_form(deployed: Deployed) -> None:
    assert deviations(deployed.requests, recorded("up")) == []


def test_the_plan_that_is_read_back_is_the_programs(deployed: Deployed) -> None:
    set_event_loop()
    evaluated: Plan = collect(project.read(deployed.root), STACK)
    values = json.loads(deployed.region.folder.values.read_text())
    (bucket,) = [made.id for made in deployed.created("aws:s3/bucket:Bucket")]

    program = compared_plans.of_program(evaluated, values=values, dist=deployed.root / "dist", root=deployed.root)

    read_back = compared_plans.of_deployment(
        deployed.region.plan, buckets={bucket: evaluated.buckets[0]}, layers=deployed.layers()
    )

    assert read_back == program


def test_an_order_is_invoiced_and_paid_through_the_deployed_gateway(deployed: Deployed) -> None:
    outputs = deployed.deployment.outputs
    key = deployed.secret(outputs["keys"]["demo"])["key"]
    signed_with = deployed.secret(outputs["webhooks"]["default"])["current"]
    with httpx.Client(base_url=outputs["url"], headers={"apikey": key}, timeout=30, verify=NO_TLS) as client:
        made = client.post("/orders", json={"amount": 1999, "currency": "BRL"})
        assert made.status_code == httpx.codes.CREATED, made.text
        path = f"/orders/{made.json()['orderId']}"
        invoiced = wait_for(lambda: client.get(path), lambda answer: answer.json().get("invoice"))
        body, headers = webhook.signed(payment_for(invoiced.json()), signed_with)
        client.post(webhook.PATH, content=body, headers=headers).raise_for_status()

        paid = wait_for(lambda: client.get(path), lambda answer: answer.json()["status"] == "paid")

    assert paid.json()["invoice"]["status"] == "paid"


def test_a_region_that_went_down_comes_back_with_what_was_deployed(deployed: Deployed) -> None:
    before = deployed.region.plan
    deployed.region.down()
    deployed.region.up()

    assert deployed.region.plan == before
    key = deployed.secret(deployed.deployment.outputs["keys"]["demo"])["key"]
    url = deployed.deployment.outputs["url"]
    answer = wait_for(
        lambda: httpx.get(f"{url}/orders", headers={"apikey": key}, timeout=30, verify=NO_TLS),
        lambda found: found.status_code == httpx.codes.OK,
    )
    assert [each["status"] for each in answer.json()["orders"]] == ["paid"]


def test_once_it_is_destroyed_nothing_runs(deployed: Deployed) -> None:
    already = len(deployed.deployment.api.requests)

    deployed.deployment.destroy()

    asked = deployed.deployment.api.requests[already:]
    assert deviations(asked, recorded("destroy")) == []
    assert deployed.region.known.keys().isdisjoint({"gateway", "postgres", "amqp"})
    assert {name for name, pid in deployed.region.known["pids"].items() if pid} == {"console", "emulator", "supervisor"}
    ports = deployed.region.ports
    assert not any(is_taken(port) for port in (ports.gateway, ports.postgres, ports.rabbitmq))
    plan = deployed.region.plan
    assert not any(plan[kind] for kind in ("functions", "event_source_mappings", "schedules", "secrets", "buckets"))


def wait_for(
    ask: Callable[[], httpx.Response], reached: Callable[[httpx.Response], Any], *, timeout_s: float = TIMEOUT_S
) -> httpx.Response:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            answer = ask()
            if reached(answer):
                return answer
            told = answer.text
        except httpx.TransportError as error:
            told = str(error)
        assert time.monotonic() < deadline, told
        time.sleep(0.3)
