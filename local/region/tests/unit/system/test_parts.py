"""The parts' command lines: which parts are told where the console is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from unit.aws.mapping_plan import sample_plan

from localregion.plan.model import Configurator
from localregion.services.ports import Ports
from localregion.system.configuration import CurrentConfiguration
from localregion.system.folder import Folder
from localregion.system.parts import all_parts
from localregion.system.service_names import SERVICES, parts_of, ports_of


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, list[str]]:
    folder, ports = Folder(tmp_path), Ports(console=8099)
    parts = all_parts(folder, ports, CurrentConfiguration(folder, ports))
    return {part.name: list(part.command().argv) for part in parts if part.name in ("console", "emulator", "gateway")}


def after(argument: str, command: list[str]) -> str:
    return command[command.index(argument) + 1]


def test_functions_and_gateway_send_their_spans_to_the_console(commands: dict[str, list[str]]) -> None:
    assert after("--port", commands["console"]) == "8099"
    assert after("--otlp-endpoint", commands["emulator"]) == "http://127.0.0.1:8099"
    assert after("--spans-endpoint", commands["gateway"]) == "http://127.0.0.1:8099/api/v2/spans"


def test_a_plan_has_the_parts_and_the_ports_that_it_needs() -> None:
    whole = sample_plan()
    alone = replace(whole, database=None, broker=None, gateway=None)
    assert parts_of(whole) == {*SERVICES, "epmd"}
    assert ports_of(parts_of(whole)) == vars(Ports()).keys() - {"gateway_admin"}
    configured = replace(
        whole, gateway=replace(whole.gateway, configurator=Configurator(script="x.py", environment={}))
    )
    assert parts_of(configured) - parts_of(whole) == {"configurator"}
    assert ports_of(parts_of(configured)) == vars(Ports()).keys()
    assert parts_of(alone) == {"emulator", "console"}
    assert ports_of(parts_of(alone)) == {"aws", "console"}
    assert parts_of(replace(alone, broker=whole.broker)) - parts_of(alone) == {"epmd", "rabbitmq"}


def test_the_console_can_be_stopped_and_started_like_the_other_parts() -> None:
    assert "console" in SERVICES
