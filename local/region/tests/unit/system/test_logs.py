"""Following the functions' logs."""

import os
from pathlib import Path

from localregion import rotation
from localregion.system.logs import Follower


def test_lines_come_with_their_function_and_only_when_they_are_finished(tmp_path: Path) -> None:
    shown: list[str] = []
    log = tmp_path / "create_order.log"
    log.write_text("before\n")
    with Follower(tmp_path, shown.append) as follower:
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
    with Follower(tmp_path, shown.append) as follower:
        follower.show_latest()
    assert shown == ["b | of b", "a | of a"]


def test_new_logs_and_logs_that_start_over_are_noticed(tmp_path: Path) -> None:
    shown: list[str] = []
    with Follower(tmp_path, shown.append) as follower:
        log = tmp_path / "release.log"
        log.write_text("a long first line\n")
        follower.show_new()
        log.write_text("short\n")
        follower.show_new()
        assert shown == ["release | a long first line", "release | short"]


def test_no_line_is_missed_when_a_log_is_set_aside(tmp_path: Path) -> None:
    shown: list[str] = []
    log = tmp_path / "f.log"
    log.write_text("before\n")
    with Follower(tmp_path, shown.append) as follower:
        follower.show_latest()
        for number in range(6):
            if number % 3 == 2:
                rotation.set_aside(log, limit_bytes=1)
            with log.open("a") as file:
                file.write(f"{number}\n")
            if number % 2:
                follower.show_new()
        follower.show_new()

        assert shown == ["f | before", *(f"f | {number}" for number in range(6))]


def test_the_latest_lines_are_of_the_former_log_as_well(tmp_path: Path) -> None:
    shown: list[str] = []
    log = tmp_path / "f.log"
    log.write_text("one\ntwo\n")
    rotation.set_aside(log, limit_bytes=1)
    log.write_text("three\nunfin")
    with Follower(tmp_path, shown.append) as follower:
        assert follower.show_latest(2)
        with log.open("a") as file:
            file.write("ished\n")
        follower.show_new()
        assert shown == ["f | two", "f | three", "f | unfinished"]


def test_a_folder_without_logs_is_said_to_have_none(tmp_path: Path) -> None:
    with Follower(tmp_path / "cleaned", lambda line: None) as follower:
        assert not follower.show_latest()


def test_a_log_that_is_gone_is_let_go(tmp_path: Path) -> None:
    shown: list[str] = []
    log = tmp_path / "f.log"
    log.write_text("before\n")
    with Follower(tmp_path, shown.append) as follower:
        follower.show_latest()
        log.unlink()
        follower.show_new()
        log.write_text("a new system\n")
        follower.show_new()
        assert shown == ["f | before", "f | a new system"]
