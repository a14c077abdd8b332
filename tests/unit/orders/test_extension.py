"""What the orders system adds to endpoints.json, and the line that `make up` ends with."""

import shlex
from types import SimpleNamespace
from typing import Any

from contracts import topology
from orders import extension

SECRETS = {
    "gateway/demo": {"key": "demo-key"},
    "gateway/other": {"key": "other-key"},
    "broker": {"password": "x"},
    "payments/webhooks/default": {"current": "default-secret"},
    "payments/webhooks/gone": {"current": "of a provider that the program no longer has"},
}
QUEUES = [name for queue in topology.QUEUES for name in (queue.name, queue.dead_letter_queue)]
PLAN: Any = SimpleNamespace(
    event_source_mappings=[SimpleNamespace(queue=queue) for queue in QUEUES],
    secrets={name: None for name in SECRETS if not name.endswith("/gone")},
)


def test_the_queues_are_named_by_what_they_are_for() -> None:
    assert extension.endpoints(PLAN, SECRETS)["queues"] == {
        "order_created": "invoices.order-created",
        "dead_letter": "invoices.order-created.dead-letter",
        "order_canceled": "invoices.order-canceled",
        "order_canceled_dead_letter": "invoices.order-canceled.dead-letter",
        "invoice_changed": "orders.invoice-changed",
        "invoice_changed_dead_letter": "orders.invoice-changed.dead-letter",
    }


def test_only_providers_of_the_plan_have_something_to_sign_webhooks_with() -> None:
    assert extension.endpoints(PLAN, SECRETS)["webhooks"] == {"default": "default-secret"}


def test_only_customers_of_the_plan_have_keys() -> None:
    assert extension.endpoints(PLAN, SECRETS)["keys"] == {"demo": "demo-key", "other": "other-key"}


def test_the_curl_line_is_one_line_that_a_shell_understands() -> None:
    line = extension.invitation({"gateway": "http://127.0.0.1:8000", "keys": {"demo": "demo-key"}})
    words = shlex.split(line)
    assert "\n" not in line
    assert words[0] == "curl"
    assert "http://127.0.0.1:8000/orders" in words
    assert "apikey: demo-key" in words
