"""A release and the logins of people at the broker: let in with what they look with, and gone when none is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.functions.conftest import PASSWORD, Context, Released

from contracts import topology
from release.bootstrap import dependencies
from release.handler import lambda_handler
from release.management_api import ManagementApi, ManagementApiError
from release.people import UnknownPersonError
from release.people import admit_to_broker as admit

NOTHING: dict[str, Any] = {"database_roles": {}, "broker_users": {}}


@pytest.fixture
def broker(released: Released) -> Iterator[ManagementApi]:
    """The administrator's API; at the end no person is admitted."""
    node = released.rabbitmq
    api = ManagementApi(node.management_url, username=node.username, password=node.password)
    yield api
    admit(api, {})


@pytest.fixture
def on_call(released: Released) -> ManagementApi:
    """The API as a person on call uses it, admitted or not."""
    return ManagementApi(released.rabbitmq.management_url, username="on_call", password=PASSWORD)


def test_people_see_every_queue_and_read_no_message(broker: ManagementApi, on_call: ManagementApi) -> None:
    admit(broker, {"on_call": PASSWORD})

    assert {queue.name for queue in topology.QUEUES} <= {queue["name"] for queue in on_call.get("queues")}
    taken = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
    with pytest.raises(ManagementApiError, match=r": 40[013] "):
        on_call.post("queues", topology.VIRTUAL_HOST, topology.QUEUES[0].name, "get", document=taken)
    with pytest.raises(ManagementApiError, match=r": 40[013] "):
        on_call.put("queues", topology.VIRTUAL_HOST, "mine", document={})


def test_a_release_that_names_no_people_removes_them_and_one_that_says_nothing_leaves_them(
    released: Released, broker: ManagementApi, on_call: ManagementApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in released.environ.items():
        monkeypatch.setenv(name, value)
    admit(broker, {"on_call": PASSWORD})

    dependencies.cache_clear()
    lambda_handler(NOTHING, Context())
    assert on_call.get("whoami")["tags"] == ["monitoring"]

    dependencies.cache_clear()
    lambda_handler({**NOTHING, "people": {"database_roles": [], "broker_users": {}}}, Context())
    with pytest.raises(ManagementApiError, match="401"):
        on_call.get("whoami")


@pytest.mark.parametrize(
    ("roles", "users", "named"),
    [
        (["operations"], {}, "operations; there are break_glass"),
        ([], {"admin": "broker/admin"}, "admin; there are on_"),
    ],
)
def test_a_login_that_is_not_for_people_is_not_admitted(
    released: Released, monkeypatch: pytest.MonkeyPatch, roles: list[str], users: dict[str, str], named: str
) -> None:
    for name, value in released.environ.items():
        monkeypatch.setenv(name, value)
    dependencies.cache_clear()
    with pytest.raises(UnknownPersonError, match=named):
        lambda_handler({**NOTHING, "people": {"database_roles": roles, "broker_users": users}}, Context())
