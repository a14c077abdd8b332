"""docs/gotchas.md names files and policies that exist, and what it says of SnapStart is so."""

import re
import subprocess
import sys

import pytest
from tests.infra.program import ROOT

import policies

TEXT = (ROOT / "docs" / "gotchas.md").read_text()
SOURCES = (
    "functions",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "layers").glob("*/python"))),
)
WATCH = """
import sys
sockets = []
sys.addaudithook(lambda event, args: sockets.append(event) if event in ("socket.__new__", "socket.connect") else None)
from {name}.handler import dependencies
assert dependencies.cache_info().currsize == 0
assert not sockets, sockets
"""


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:infra|functions|layers|local|migrations|kong|tests)/[\w./-]+)`", TEXT))

    assert len(named) > 30
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_policy_that_is_named_exists() -> None:
    rows = re.findall(r"polic(?:y|ies) ((?:`[a-z0-9-]+`(?:, )?)+)", TEXT)
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}

    assert len(named) > 15
    assert named <= {policy.name for policy in policies.ALL}


@pytest.mark.parametrize("name", ["create_order", "cancel_order", "get_order", "record_payment"])
def test_a_handler_that_is_imported_has_opened_nothing_that_a_snapshot_would_keep(name: str) -> None:
    path = ":".join(str(ROOT / source) for source in SOURCES)
    environment = {"PYTHONPATH": path, "POWERTOOLS_LOG_LEVEL": "INFO"}
    done = subprocess.run(
        [sys.executable, "-c", WATCH.format(name=name)], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
