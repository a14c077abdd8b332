"""Settings and strategies that tests with generated input share.

With CI=true hypothesis repeats the same examples in every run; elsewhere each run looks somewhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from contracts.fields import AMOUNT_MAX, CURRENCIES, is_customer_id

# Few, and without a deadline: a slow machine is no bug. A real search is one number away.
BOUNDED = settings(deadline=None, max_examples=30, database=None, suppress_health_check=[HealthCheck.too_slow])

json_scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**13), 10**13),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=10),
)
json_values: st.SearchStrategy[Any] = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)

# The fields that orders, invoices and events have in common.
amounts = st.integers(1, AMOUNT_MAX)
currencies = st.sampled_from(sorted(CURRENCIES))
customers = st.text(min_size=1, max_size=255).filter(is_customer_id)
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
