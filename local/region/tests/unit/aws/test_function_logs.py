"""Lambda's own log lines, tab for tab."""

import asyncio
from pathlib import Path

import pytest

from localregion import rotation
from localregion.aws.lambda_.functions.logs import FunctionLog, Report, init_report_line, report_lines, start_line


def test_start_names_request_and_version():
    assert start_line("r-1", "$LATEST") == b"START RequestId: r-1 Version: $LATEST\n"


def test_a_cold_report_ends_with_the_init_duration_and_a_tab():
    report = Report(request_id="r-1", duration_ms=3.014, memory_mb=128, memory_used_mb=36, init_duration_ms=110.1)
    assert report_lines(report) == (
        b"END RequestId: r-1\n"
        b"REPORT RequestId: r-1\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
        b"Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n"
    )


def test_a_warm_report_has_no_init_duration():
    report = Report(request_id="r-1", duration_ms=3.0, memory_mb=128, memory_used_mb=36)
    assert report_lines(report).endswith(b"Billed Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n")


def test_an_ended_environment_is_reported_with_its_status():
    report = Report(
        request_id="r-1",
        duration_ms=3.0,
        memory_mb=128,
        memory_used_mb=36,
        status="error",
        error_type="Runtime.ExitError",
    )
    assert report_lines(report).endswith(b"\tStatus: error\tError Type: Runtime.ExitError\t\n")


def test_a_failed_init_is_reported_with_its_phase():
    line = init_report_line(10008.534, phase="init", status="timeout", error_type=None)
    assert line == b"INIT_REPORT Init Duration: 10008.53 ms\tPhase: init\tStatus: timeout\n"


def test_a_full_log_is_set_aside_between_two_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "LIMIT_BYTES", 1_000)
    path = tmp_path / "f.log"

    async def write() -> None:
        log = FunctionLog(path)
        for number in range(150):
            log.write(f"line {number:03}\n".encode())
            log.flush()

    asyncio.run(write())

    assert rotation.former(path).stat().st_size == 1_008
    whole = rotation.former(path).read_text() + path.read_text()
    assert whole.splitlines() == [f"line {number:03}" for number in range(150)]
