"""A small resolved plan with one event source mapping."""

from __future__ import annotations

from localregion.plan.model import Broker, Database, EventSourceMapping, Function, Gateway, Plan

MAPPING = EventSourceMapping(
    name="order-created",
    function="invoice_consumer",
    qualifier="live",
    queue="invoices.order-created",
    virtual_host="/",
    secret="broker/invoices_mapping",
    batch_size=10,
    batching_window_s=None,
)


def sample_plan(login: dict[str, str] | None = None) -> Plan:
    """Return the plan; `login` is the BASIC_AUTH secret of its mapping."""
    return Plan(
        stack="local",
        region="us-east-1",
        account="000000000000",
        functions=[_function("invoice_consumer", timeout_s=120), _function("slow", timeout_s=841)],
        event_source_mappings=[MAPPING],
        schedules=[],
        invocations=[],
        secrets={
            "broker/invoices_mapping": login or {"username": "mapping", "password": "secret"},
            "gateway/demo": {"key": "k"},
        },
        database=Database(engine_version="18", name="orders", admin_secret="database/admin"),
        broker=Broker(engine_version="4.2", admin_secret="broker/admin"),
        gateway=Gateway(version="3.9", declarative_config={}),
    )


def _function(name: str, *, timeout_s: int) -> Function:
    return Function(
        name=name,
        arn=f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        handler=f"{name}.handler.lambda_handler",
        runtime="python3.13",
        architecture="arm64",
        memory_mb=512,
        timeout_s=timeout_s,
        environment={},
        code="",
        layers=[],
        aliases=["live"],
    )
