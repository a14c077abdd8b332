"""docs/costs.md says what is deployed: `make costs` writes it, and would write the same."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.infra.program import ROOT

from localregion.plan.mocks import Resource
from proof.costs.load import Load
from proof.costs.reckoning import by_order, fixed
from proof.costs.stack import Stack, custom_metrics, stack_of
from proof.costs.tables import rendered

PAGE = ROOT / "docs" / "costs.md"
LIMITS = (ROOT / "docs" / "figures.md").read_text()

StackOf = Callable[[str], Stack]


@pytest.fixture
def stack(evaluated: Callable[[str], tuple[list[Resource], str]]) -> StackOf:
    return lambda name: stack_of(name, evaluated(name)[0])


def without(stack: Stack, type_: str) -> Stack:
    return replace(stack, resources=[each for each in stack.resources if each.type != type_])


def changed(stack: Stack, type_: str, **values: object) -> Stack:
    """Return the stack with inputs of all resources of a type changed."""
    resources = [
        replace(each, inputs={**each.inputs, **values}) if each.type == type_ else each for each in stack.resources
    ]
    return replace(stack, resources=resources)


def dollars(stack: Stack) -> dict[str, float]:
    return {line.what: line.dollars for line in fixed(stack)}


def test_the_page_is_what_make_costs_would_write(stack: StackOf) -> None:
    page = PAGE.read_text()

    assert page == rendered(page, stack("dev"), stack("prod")), "the plan changed: run `make costs` and read the diff"


def test_the_page_has_each_part(stack: StackOf) -> None:
    parts = re.findall(r"<!-- (\w+): `make costs` -->\n(.*?)<!-- end -->", PAGE.read_text(), re.DOTALL)

    assert [name for name, _ in parts] == ["picture", "fixed", "order", "sizes", "loads"]
    assert all(len(text.splitlines()) > 5 for _, text in parts)


def test_a_changed_plan_is_another_page(stack: StackOf) -> None:
    page, prod = PAGE.read_text(), stack("prod")
    larger = changed(prod, "aws:mq/broker:Broker", hostInstanceType="mq.m7g.xlarge")
    fewer = without(prod, "aws:wafv2/webAcl:WebAcl")

    assert rendered(page, stack("dev"), larger) != page
    assert "firewall --> balancer" not in rendered(page, stack("dev"), fewer)


def test_a_part_costs_its_quantity_times_its_price(stack: StackOf) -> None:
    found = dollars(stack("prod"))

    assert found["NAT gateways"] == pytest.approx(3 * 0.045 * 730)
    assert found["interface endpoints, in each zone"] == pytest.approx(3 * 3 * 0.01 * 730)
    assert found["broker"] == pytest.approx(3 * 0.28 * 730)
    assert found["database, zones"] == pytest.approx(2 * 0.168 * 730)
    assert found["metrics that functions write"] == pytest.approx(0.30 * custom_metrics())


def test_a_broker_without_standby_nodes_costs_a_third(stack: StackOf) -> None:
    prod = stack("prod")
    single = changed(prod, "aws:mq/broker:Broker", deploymentMode="SINGLE_INSTANCE")

    assert dollars(single)["broker"] == pytest.approx(dollars(prod)["broker"] / 3)


def test_what_a_stack_leaves_out_costs_nothing(stack: StackOf) -> None:
    for found in (dollars(stack("dev")), by_order(stack("dev"))):
        assert found["firewall"] == 0
    assert by_order(stack("dev"))["copies of backups"] == 0
    assert dollars(stack("dev"))["interface endpoints, in each zone"] == 0


def test_more_orders_need_larger_parts_and_each_one_costs_less(stack: StackOf) -> None:
    small, large = (Load(stack=stack("prod"), rate=rate) for rate in (1, 1_000))

    assert large.tasks > small.tasks == 2
    assert (small.instance, large.instance) == ("db.m7g.large", "db.m7g.2xlarge")
    assert sum(large.costs().values()) / large.millions < sum(small.costs().values()) / small.millions
    assert large.frugal() < sum(large.costs().values()) / 2


def test_a_load_that_no_size_takes_is_said(stack: StackOf) -> None:
    with pytest.raises(ValueError, match=r"no size in assumptions\.toml takes 100000 orders a second"):
        Load(stack=stack("prod"), rate=100_000).costs()


def test_the_keys_that_the_page_names_are_those_of_the_guide() -> None:
    tables = "\n".join(line for line in PAGE.read_text().splitlines() if line.startswith("|"))
    keys = {key.split(":")[0] for key in re.findall(r"`([a-z]+[A-Z]\w+|waf|tracing)[:`]", tables)}

    assert {"brokerInstanceType", "databaseStorageMax", "waf"} <= keys
    guide = (ROOT / "docs" / "deploy.md").read_text()
    assert [key for key in keys if f"`{key}`" not in guide] == []


def test_the_limits_are_those_of_the_plan(stack: StackOf) -> None:
    prod, dev = stack("prod"), stack("dev")
    (least, most), mappings = prod.tasks, prod.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")
    batches = {int(each.inputs["batchSize"]) for each in mappings}
    functions = prod.functions
    storage, storage_in_dev = (int(each.database["maxAllocatedStorage"]) for each in (prod, dev))

    said = [
        f"{dev.tasks[0]} task in `dev`; {least} to {most} in `prod`".replace("1 task", "one task"),
        f"`prod`: {prod.reserved('create_order')} environments each",
        f"| batch | {max(batches):,} messages",
        f"{int(functions['invoice_consumer']['timeout'])} s of the function",
        f"once a minute for up to {int(functions['outbox_relay']['timeout'])} s",
        f"{storage:,} GB in `prod`, {storage_in_dev} in `dev`",
    ]
    assert prod.reserved("create_order") == prod.reserved("get_order")
    assert [each for each in said if each not in LIMITS] == []
