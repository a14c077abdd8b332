"""What endpoints.json and the curl line say."""

import shlex
import stat
from pathlib import Path

import pytest

from plan.model import Broker, Database, EventSourceMapping, Gateway, Plan
from system import endpoints
from system.endpoints import NotRunningError
from system.folder import Folder
from system.ports import Ports

SECRETS = {
    "db": {"username": "admin", "password": "p@ss/word"},
    "broker": {"username": "mq", "password": "secret"},
    "gateway/demo": {"key": "demo-key"},
    "gateway/other": {"key": "other-key"},
}


def mapping(queue: str) -> EventSourceMapping:
    return EventSourceMapping(
        name=queue,
        function="f",
        qualifier=None,
        queue=queue,
        virtual_host="/",
        secret="s",
        batch_size=1,
        batching_window_s=None,
    )


PLAN = Plan(
    stack="local",
    region="us-east-1",
    account="000000000000",
    functions=[],
    event_source_mappings=[mapping("invoices.order-created"), mapping("invoices.order-created.dead-letter")],
    schedules=[],
    invocations=[],
    secrets={},
    database=Database(engine_version="18", name="orders", admin_secret="db"),
    broker=Broker(engine_version="4.2", admin_secret="broker"),
    gateway=Gateway(version="3.9", declarative_config={}),
)
DESCRIBED = endpoints.describe(PLAN, SECRETS, Ports(), {"supervisor": 1, "postgres": None})


def test_addresses_hold_the_credentials_that_they_need() -> None:
    assert DESCRIBED["postgres"] == "postgresql://admin:p%40ss%2Fword@127.0.0.1:54329/orders"
    assert DESCRIBED["amqp"] == "amqp://mq:secret@127.0.0.1:56729/%2F"
    assert DESCRIBED["management"] == "http://127.0.0.1:15679"


def test_the_console_has_an_address() -> None:
    assert DESCRIBED["console"] == "http://127.0.0.1:8080"


def test_the_queues_are_named_by_what_they_are_for() -> None:
    assert DESCRIBED["queues"] == {
        "order_created": "invoices.order-created",
        "dead_letter": "invoices.order-created.dead-letter",
    }


def test_only_customers_of_the_plan_have_keys() -> None:
    assert DESCRIBED["keys"] == {"demo": "demo-key", "other": "other-key"}


def test_the_curl_line_is_one_line_that_a_shell_understands() -> None:
    line = endpoints.curl(DESCRIBED)
    words = shlex.split(line)
    assert "\n" not in line
    assert words[0] == "curl"
    assert "http://127.0.0.1:8000/orders" in words
    assert "apikey: demo-key" in words


def test_the_file_is_private_and_read_back(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    endpoints.write(folder, DESCRIBED)
    assert stat.S_IMODE(folder.endpoints.stat().st_mode) == 0o600
    assert endpoints.load(folder) == DESCRIBED


def test_without_a_running_system_the_way_to_start_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="make up"):
        endpoints.load(Folder(tmp_path))
