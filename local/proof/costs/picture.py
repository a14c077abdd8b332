"""The picture of a deployed stack, drawn from what it consists of."""

from __future__ import annotations

from proof.costs.stack import Stack


def picture(stack: Stack) -> str:
    """Return the stack as a diagram in mermaid's words."""
    least, most = stack.tasks
    node, nodes = stack.broker
    block = stack.one("awsx:ec2:Vpc")["cidrBlock"]
    instance = stack.database
    lines = [
        "flowchart LR",
        "    client([customers, payment providers])",
        *_front(stack),
        f'    subgraph vpc["VPC {block}, {stack.zones} zones, {stack.nat_gateways} NAT gateways"]',
        f'        kong["Kong, {least} to {most} tasks"]',
        *(f'        {name}["{_function(stack, name)}"]' for name in _NAMED),
        '        proxy["RDS Proxy"]',
        f'        database[("PostgreSQL, {stack.database_zones} x {instance["instanceClass"]}")]',
        f'        broker[["RabbitMQ, {nodes} x {node}"]]',
        f'        endpoints["{stack.endpoints} interface endpoints"]' if stack.endpoints else "",
        "    end",
        *_beside(stack),
        "    balancer --> kong",
        *(f"    kong -- Invoke --> {name}" for name in _ROUTED if name in stack.functions),
        *(f"    {name} --> proxy" for name in _NAMED if name != "release"),
        "    proxy --> database",
        "    release -. migrations .-> database",
        "    create_order & record_payment & outbox_relay & invoices_relay -- publish --> broker",
        f'    broker -- "{stack.count("aws:lambda/eventSourceMapping:EventSourceMapping")} mappings" --> '
        "invoice_consumer & order_updater",
        f'    scheduler(["{stack.count("aws:scheduler/schedule:Schedule")} schedules"]) --> '
        "outbox_relay & invoices_relay & operations",
    ]
    return "\n".join(["```mermaid", *filter(None, lines), "```"])


_ROUTED = ("create_order", "cancel_order", "get_order", "record_payment")
_NAMED = (*_ROUTED, "invoice_consumer", "order_updater", "outbox_relay", "invoices_relay", "operations", "release")


def _function(stack: Stack, name: str) -> str:
    inputs = stack.functions[name]
    reserved = inputs.get("reservedConcurrentExecutions")
    return f"{name}, {int(inputs['memorySize'])} MB" + (f", up to {int(reserved)}" if reserved is not None else "")


def _front(stack: Stack) -> list[str]:
    balancer = '    balancer["load balancer, one address in each zone"]'
    if not stack.firewall_rules:
        return [balancer, "    client --> balancer"]
    firewall = f'    firewall["firewall, {stack.firewall_rules} rules"]'
    return [balancer, firewall, "    client --> firewall --> balancer"]


def _buckets(stack: Stack) -> list[str]:
    return [each.name for each in stack.of_type("aws:s3/bucket:Bucket")]


def _beside(stack: Stack) -> list[str]:
    """Return what stands outside of the network."""
    copies = stack.of_type("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication")
    return [
        *(f'    database -. backups .-> copy[("copies in {each.inputs["region"]}")]' for each in copies),
        *(
            '    balancer -. requests .-> logs[("access logs")]'
            for each in _buckets(stack)
            if each.endswith("access-logs")
        ),
        *('    operations --> customers[("customers")] --> kong' for each in _buckets(stack) if each == "customers"),
        *('    vpc -. connections .-> flows["flow logs"]' for _ in stack.of_type("aws:ec2/flowLog:FlowLog")),
        f'    secrets["{stack.secrets} secrets, {stack.count("aws:kms/key:Key")} keys"]',
        f'    watching["{stack.count("aws:cloudwatch/metricAlarm:MetricAlarm")} alarms, dashboard, X-Ray"]',
    ]
