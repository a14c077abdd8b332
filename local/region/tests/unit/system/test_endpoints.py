"""What endpoints.json says."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from localregion.plan.model import Broker, Database, EventSourceMapping, Gateway, Plan
from localregion.services.ports import Ports
from localregion.system import endpoints
from localregion.system.endpoints import NotRunningError
from localregion.system.folder import Folder
from localregion.system.psql import NoDatabaseError, psql

SECRETS = {
    "db": {"username": "admin", "password": "p@ss/word"},
    "broker": {"username": "mq", "password": "secret"},
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
    event_source_mappings=[mapping("letters"), mapping("dead-letters")],
    schedules=[],
    invocations=[],
    secrets={},
    database=Database(engine_version="18", name="letters", admin_secret="db"),
    broker=Broker(engine_version="4.2", admin_secret="broker"),
    gateway=Gateway(version="3.9", declarative_config={}),
)
DESCRIBED = endpoints.describe(PLAN, SECRETS, Ports(), {"supervisor": 1, "postgres": None})


def test_addresses_hold_the_credentials_that_they_need() -> None:
    assert DESCRIBED["postgres"] == "postgresql://admin:p%40ss%2Fword@127.0.0.1:25432/letters"
    assert DESCRIBED["amqp"] == "amqp://mq:secret@127.0.0.1:25729/%2F"
    assert DESCRIBED["management"] == "http://127.0.0.1:15679"


def test_the_console_has_an_address() -> None:
    assert DESCRIBED["console"] == "http://127.0.0.1:8080"


def test_a_mappings_queue_is_found_by_its_name() -> None:
    assert DESCRIBED["queues"] == {"letters": "letters", "dead-letters": "dead-letters"}


def test_a_part_that_the_plan_lacks_has_no_address() -> None:
    plan = replace(PLAN, event_source_mappings=[], database=None, broker=None, gateway=None)
    assert endpoints.describe(plan, {}, Ports(), {}) == {
        "aws": "http://127.0.0.1:4566",
        "console": "http://127.0.0.1:8080",
        "queues": {},
        "pids": {},
    }


def test_a_shell_in_a_database_that_the_program_lacks_is_refused(tmp_path: Path) -> None:
    endpoints.write(Folder(tmp_path), {"aws": "http://127.0.0.1:4566"})
    with pytest.raises(NoDatabaseError, match="the program has no database"):
        psql(Folder(tmp_path))


def test_the_file_is_private_and_read_back(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    endpoints.write(folder, DESCRIBED)
    assert stat.S_IMODE(folder.endpoints.stat().st_mode) == 0o600
    assert endpoints.load(folder) == DESCRIBED


def test_without_a_running_system_the_way_to_start_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="make up"):
        endpoints.load(Folder(tmp_path))
