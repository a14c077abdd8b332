"""Which order ids belong to the last days."""

from operations.audit import first_id
from outbox import uuid7


def test_an_order_of_today_belongs_to_the_last_day() -> None:
    assert first_id(1) < uuid7()


def test_the_bound_of_more_days_is_earlier_and_of_no_days_the_first_id_there_is() -> None:
    assert first_id(None) <= first_id(36_500) < first_id(8) < first_id(7)
    assert first_id(None).int == 0
