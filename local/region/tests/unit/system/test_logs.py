"""Following the functions' logs."""

import os
from pathlib import Path

from localregion.system.logs import Follower


def test_lines_come_with_their_function_and_only_when_they_are_finished(tmp_path: Path) -> None:
    shown: list[str] = []
    log = tmp_path / "create_order.log"
    log.write_text("before\n")
    follower = Follower(tmp_path, shown.append)
    follower.show_latest()
    with log.open("a") as file:
        file.write("one\ntw")
        file.flush()
        follower.show_new()
        file.write("o\n")
        file.flush()
        follower.show_new()
    assert shown == ["create_order | before", "create_order | one", "create_order | two"]


def test_the_log_that_was_written_last_comes_last(tmp_path: Path) -> None:
    shown: list[str] = []
    for name, written_at in (("a", 2), ("b", 1)):
        log = tmp_path / f"{name}.log"
        log.write_text(f"of {name}\n")
        os.utime(log, (written_at, written_at))
    Follower(tmp_path, shown.append).show_latest()
    assert shown == ["b | of b", "a | of a"]


def test_new_logs_and_logs_that_start_over_are_noticed(tmp_path: Path) -> None:
    shown: list[str] = []
    follower = Follower(tmp_path, shown.append)
    log = tmp_path / "release.log"
    log.write_text("a long first line\n")
    follower.show_new()
    log.write_text("short\n")
    follower.show_new()
    assert shown == ["release | a long first line", "release | short"]
