"""A system of which only the gateway is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.orders.canned_gateway import SECRET, CannedGateway, serving


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CannedGateway]:
    canned = CannedGateway()
    with serving(canned) as address:
        keys = {"demo": "k", "other": "k-other"}
        known = {"gateway": address, "console": address, "keys": keys, "webhooks": {"default": SECRET}}
        (tmp_path / "endpoints.json").write_text(json.dumps(known))
        monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
        monkeypatch.setattr("orders.gateway._QUIET_S", 0.0)
        yield canned
