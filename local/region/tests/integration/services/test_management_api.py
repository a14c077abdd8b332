"""RabbitMQ's management API, asked of a real node."""

import pytest

from localregion.http_client import HttpError
from localregion.services.management_api import ManagementApi
from localregion.testing.services import RunningRabbitMQ

ARGUMENTS = {"durable": True, "arguments": {}}


@pytest.fixture
def api(rabbitmq: RunningRabbitMQ) -> ManagementApi:
    endpoints = {
        "management": rabbitmq.management_url,
        "management_user": rabbitmq.username,
        "management_password": rabbitmq.password,
    }
    return ManagementApi.of_system(endpoints, timeout_s=20)


@pytest.mark.parametrize("name", ["plain", "a/b c%2F?d=e&ü"])
def test_names_of_any_kind_are_made_found_and_deleted(api: ManagementApi, name: str) -> None:
    api.put("queues", "/", name, document=ARGUMENTS)
    assert name in [queue["name"] for queue in api.get("queues", "/", columns="name")]
    api.put("exchanges", "/", "source", document={"type": "direct", **ARGUMENTS})
    api.post("bindings", "/", "e", "source", "q", name, document={"routing_key": "key", "arguments": {}})
    assert len(api.get("bindings", "/", "e", "source", "q", name)) == 1

    api.delete("bindings", "/", "e", "source", "q", name, "key")
    assert api.get("bindings", "/", "e", "source", "q", name) == []
    api.delete("queues", "/", name)
    assert name not in [queue["name"] for queue in api.get("queues", "/")]


def test_a_refusal_has_its_status_and_reason(api: ManagementApi) -> None:
    with pytest.raises(HttpError, match=r"PUT .*/api/users/nobody: 400 ") as raised:
        api.put("users", "nobody", document={"password": "no tags"})
    assert raised.value.status == 400


def test_a_frozen_node_takes_no_longer_than_the_time_of_a_call(rabbitmq: RunningRabbitMQ) -> None:
    api = ManagementApi(rabbitmq.management_url, username=rabbitmq.username, password=rabbitmq.password, timeout_s=0.3)
    rabbitmq.freeze()
    try:
        with pytest.raises(HttpError, match=r"no answer within 0.3 s"):
            api.get("overview")
    finally:
        rabbitmq.thaw()
    rabbitmq.wait_until_ready()
