"""What `prepare` writes for a program that lacks parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unit.aws.mapping_plan import sample_plan

from localregion.compose.prepare import write


def test_services_that_the_program_lacks_get_nothing(tmp_path: Path) -> None:
    plan = replace(sample_plan(), event_source_mappings=[], secrets={}, database=None, broker=None, gateway=None)
    write(plan, tmp_path)

    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"emulator/values.json"}
