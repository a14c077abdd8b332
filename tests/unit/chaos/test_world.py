"""The running system as the faults see it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from localregion.system.folder import Folder
from proof.chaos.world import World


@pytest.mark.parametrize(("pid", "killed"), [(4_711, [4_711]), (None, [])])
def test_a_part_that_is_down_already_does_not_take_the_run_with_it(
    pid: int | None, killed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path)
    folder.endpoints.write_text(json.dumps({"pids": {"postgres": pid}}))
    unused: Any = None
    world = World(folder=folder, connections=unused, database=unused, broker=unused, history=unused, amounts=unused)
    signaled: list[int] = []
    monkeypatch.setattr(os, "kill", lambda of, _: signaled.append(of))

    assert world.kill("postgres") == (pid or 0)
    assert signaled == killed
