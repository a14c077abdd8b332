"""Which functions are initialised before the first invocation."""

from dataclasses import replace

from unit.aws.mapping_plan import sample_plan

from localregion.aws.lambda_.proactive_init import awaited
from localregion.plan.model import Gateway


def test_routed_and_fed_functions_are_awaited_and_no_others() -> None:
    plugin = {"name": "aws-lambda", "config": {"function_name": "create_order", "qualifier": "live"}}
    routes = [{"name": "orders", "paths": ["/orders"], "plugins": [{"name": "key-auth", "config": {}}, plugin]}]
    plan = replace(sample_plan(), gateway=Gateway(version="3.9", declarative_config={"routes": routes}))

    assert awaited(plan) == {("create_order", "live"), ("invoice_consumer", "live")}


def test_without_a_gateway_only_queues_wait() -> None:
    plan = replace(sample_plan(), gateway=None)
    assert awaited(plan) == {(each.function, each.qualifier) for each in plan.event_source_mappings}
