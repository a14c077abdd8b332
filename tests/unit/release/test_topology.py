"""The broker's topology depends on its version in exactly one place."""

import pytest

from release import topology


@pytest.mark.parametrize("version", ["3.10.8", "3.13.7"])
def test_before_4_0_no_delivery_limit_is_said(version: str) -> None:
    assert all("delivery-limit" not in policy["definition"] for policy in topology.policies(version).values())


@pytest.mark.parametrize("version", ["4.0.5", "4.2", "4.3.1"])
def test_from_4_0_on_the_default_limit_is_lifted(version: str) -> None:
    assert all(policy["definition"]["delivery-limit"] == -1 for policy in topology.policies(version).values())


def test_no_user_may_do_more_than_its_job() -> None:
    created = r"invoices\.order-created|invoices\.order-created\.dead-letter"
    canceled = r"invoices\.order-canceled|invoices\.order-canceled\.dead-letter"
    changed = r"orders\.invoice-changed|orders\.invoice-changed\.dead-letter"
    assert {
        "orders_publisher": {"configure": "", "write": "^(orders)$", "read": ""},
        "invoices_publisher": {"configure": "", "write": "^(invoices)$", "read": ""},
        "orders_mapping": {"configure": "", "write": "", "read": f"^({changed})$"},
        "invoices_mapping": {"configure": "", "write": "", "read": f"^({created}|{canceled})$"},
    } == topology.PERMISSIONS
