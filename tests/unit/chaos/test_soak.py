"""What counts as a leak: rows that stay, handles and connections that add up, memory that does more than breathe."""

import os

import pytest

from proof.chaos.soak import leaks, process_figures


@pytest.mark.parametrize(
    ("name", "before", "after", "grew"),
    [
        ("gateway memory, MB", 100, 124, False),
        ("gateway memory, MB", 100, 126, True),
        ("gateway memory, MB", 400, 459, False),
        ("console memory, MB", 100, 237, False),
        ("console memory, MB", 100, 238, True),
        ("RabbitMQ channels", 10, 18, False),
        ("RabbitMQ channels", 10, 19, True),
        ("outbox rows", 3, 1, True),
        ("expired idempotency keys", 500, 0, False),
    ],
)
def test_what_grew_beyond_what_is_allowed_is_named(name: str, before: int, after: int, grew: bool) -> None:
    assert leaks({name: before}, {name: after}) == ([name] if grew else [])


@pytest.mark.parametrize(("environments", "grew"), [(16, []), (15, ["emulator file handles"])])
def test_an_environment_more_may_take_its_handles(environments: int, grew: list[str]) -> None:
    before = {"environments": 14, "emulator file handles": 82}
    assert leaks(before, {"environments": environments, "emulator file handles": 100}) == grew


def test_a_process_is_measured_as_the_kernel_counts_it() -> None:
    figures = process_figures(os.getpid())
    assert figures["memory, MB"] > 1
    assert figures["file handles"] >= 3
    assert figures["threads"] >= 1
