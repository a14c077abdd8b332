"""How many rows the relay takes at once."""

from outbox_relay.batch_size import ROWS_MAX, ROWS_MIN, TARGET_S, BatchSize


def test_where_all_is_quick_batches_double_up_to_the_most() -> None:
    size, seen = BatchSize(), []
    for _ in range(6):
        seen.append(size.rows)
        size.went(size.rows, seconds=TARGET_S / 100)
    assert seen == [100, 200, 400, 800, 1_000, 1_000]


def test_where_it_takes_longer_a_batch_has_what_goes_in_its_time() -> None:
    size = BatchSize()
    size.went(size.rows, seconds=TARGET_S / 100)
    size.went(size.rows, seconds=TARGET_S / 1.5)
    assert size.rows == 300
    size.went(size.rows, seconds=10 * TARGET_S)
    assert size.rows == ROWS_MIN


def test_a_batch_that_was_not_full_says_nothing() -> None:
    size = BatchSize()
    size.went(3, seconds=5.0)
    size.went(ROWS_MIN - 1, seconds=0.0)
    assert size.rows == ROWS_MIN


def test_what_takes_no_time_at_all_is_still_bounded() -> None:
    size = BatchSize()
    for _ in range(10):
        size.went(size.rows, seconds=0.0)
    assert size.rows == ROWS_MAX


def test_it_begins_anew_with_the_least() -> None:
    size = BatchSize()
    size.went(size.rows, seconds=0.0)
    size.begin_anew()
    assert size.rows == ROWS_MIN
