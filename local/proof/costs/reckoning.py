"""Prices times quantities: what a stack costs each month whatever is ordered, and what an order adds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from proof.costs.stack import Stack, custom_metrics, memory_gb

HOURS = 730
MONTH_S = HOURS * 3600
# A GB of prices is one of a million KB.
MILLION_KB = 1.0


@dataclass(frozen=True)
class Line:
    """One line of the fixed costs: what, its quantity in words, dollars a month."""

    what: str
    quantity: str
    dollars: float


@cache
def prices() -> Mapping[str, Any]:
    return _read("prices")


@cache
def assumptions() -> Mapping[str, Any]:
    return _read("assumptions")


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text())


def fixed(stack: Stack) -> list[Line]:
    """Return what a stack costs each month without an order."""
    return [*_network(stack), *_computing(stack), *_data(stack), *_watching(stack)]


def _network(stack: Stack) -> list[Line]:
    hour = prices()["hour"]
    nat, endpoints = stack.nat_gateways, stack.endpoints
    addresses = nat + stack.zones
    return [
        _hourly("NAT gateways", nat, hour["nat_gateway"]),
        _hourly("public IPv4 addresses (NAT, load balancer)", addresses, hour["public_ipv4"]),
        Line(
            "interface endpoints, in each zone",
            f"{endpoints} x {stack.zones}" if endpoints else "0",
            endpoints * stack.zones * hour["endpoint"] * HOURS,
        ),
        _hourly("load balancer", stack.count("aws:lb/loadBalancer:LoadBalancer"), hour["load_balancer"]),
        _firewall(stack),
    ]


def _firewall(stack: Stack) -> Line:
    month, acls = prices()["month"], stack.count("aws:wafv2/webAcl:WebAcl")
    rules = stack.firewall_rules
    quantity = f"{acls}, {rules} rules" if acls else "0"
    return Line("firewall", quantity, acls * month["web_acl"] + rules * month["web_acl_rule"])


def _computing(stack: Stack) -> list[Line]:
    hour, function = prices()["hour"], prices()["lambda"]
    cpus, gb = task_size(stack)
    node, nodes = stack.broker
    snapped = [each for each in stack.functions.values() if each.get("snapStart")]
    seconds = assumptions()["milliseconds"]["scheduled"] / 1000
    scheduled = stack.scheduled_gb * seconds * function["gb_s"] + stack.runs * function["million"] / 1e6
    cached = sum(map(memory_gb, snapped)) * MONTH_S * function["snap_start_gb_s"]
    return [
        _hourly(f"Kong's tasks: Fargate, {cpus:g} processors, {gb:g} GB", stack.tasks[0], task_hour(stack)),
        Line("broker", f"{nodes} {node}", nodes * hour["broker"][node] * HOURS),
        Line("SnapStart's cache, functions", str(len(snapped)), cached),
        Line("relays, audit and purge, runs", f"{stack.runs:,.0f}", scheduled),
    ]


def task_size(stack: Stack) -> tuple[float, float]:
    """Return processors and GB of one of Kong's tasks."""
    return int(stack.task["cpu"]) / 1024, int(stack.task["memory"]) / 1024


def task_hour(stack: Stack) -> float:
    """Return what one of Kong's tasks costs an hour."""
    cpus, gb = task_size(stack)
    return float(cpus * prices()["hour"]["fargate_cpu"] + gb * prices()["hour"]["fargate_gb"])


def _data(stack: Stack) -> list[Line]:
    hour, month = prices()["hour"], prices()["month"]
    class_, zones, gb = stack.database["instanceClass"], stack.database_zones, int(stack.database["allocatedStorage"])
    copies = stack.count("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication")
    cpus = prices()["cpus"][class_]
    return [
        Line("database, zones", f"{zones} {class_}", zones * hour["database"][class_] * HOURS),
        Line("its storage, GB in each zone", f"{zones} x {gb}", zones * gb * month["storage_gb"]),
        Line("copies of its backups, GB", str(copies * gb), copies * gb * month["backup_gb"]),
        Line("RDS Proxy, processors of the instance", str(cpus), cpus * hour["proxy_cpu"] * HOURS),
    ]


def _watching(stack: Stack) -> list[Line]:
    month, metrics = prices()["month"], custom_metrics()
    composites = stack.count("aws:cloudwatch/compositeAlarm:CompositeAlarm")
    alarms = f"{stack.alarm_metrics} metrics" + (f", {composites} composite" if composites else "")
    flow_gb = stack.count("aws:ec2/flowLog:FlowLog") * assumptions()["flow_logs"]["gb"]
    return [
        _monthly("secrets, RDS's own included", stack.secrets, month["secret"]),
        _monthly("KMS keys", stack.count("aws:kms/key:Key"), month["key"]),
        Line("alarms", alarms, stack.alarm_metrics * month["alarm_metric"] + composites * month["composite_alarm"]),
        _monthly("metrics that functions write", metrics, month["metric"]),
        _monthly("dashboard", stack.count("aws:cloudwatch/dashboard:Dashboard"), month["dashboard"]),
        Line("flow logs, GB (assumed)", str(flow_gb), flow_gb * prices()["traffic"]["logs"]),
    ]


def by_order(stack: Stack) -> dict[str, float]:
    """Return what a million orders add, by part, in dollars."""
    traffic, order = prices()["traffic"], assumptions()["order"]
    has_endpoints, has_firewall = stack.endpoints > 0, stack.firewall_rules > 0
    storage = order["database_kb"] * MILLION_KB
    copied = stack.count("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication")
    traced = stack.config.get("tracing", "true") == "true"
    requests_gb = order["requests"] * order["request_kb"] * MILLION_KB
    return {
        "functions": _functions(stack),
        "logs": order["log_kb"] * MILLION_KB * traffic["logs"],
        # Compressed to a tenth on their way through the NAT gateways.
        "spans": order["spans_kb"] * MILLION_KB * (traffic["spans"] + traffic["nat"] / 10) * traced,
        "Kong to Lambda": requests_gb * traffic["endpoint" if has_endpoints else "nat"],
        "load balancer": requests_gb * traffic["balancer"],
        "firewall": order["requests"] * prices()["requests"]["firewall_million"] * has_firewall,
        "access logs": order["access_log_kb"] * MILLION_KB * traffic["access_logs"],
        "between zones": order["between_zones_kb"] * MILLION_KB * traffic["zones"],
        "storage, each month that it is kept": storage * prices()["month"]["storage_gb"] * stack.database_zones,
        "copies of backups": storage * (traffic["region"] + prices()["month"]["backup_gb"]) * copied,
    }


def _functions(stack: Stack) -> float:
    price, order = prices()["lambda"], assumptions()["order"]
    milliseconds = assumptions()["milliseconds"]
    invocations = {"create_order": 1.0, "get_order": 1.0, "record_payment": 1.0}
    invocations |= {name: count / order["batch"] for name, count in order["messages"].items()}
    gb_s = sum(
        count * milliseconds[name] / 1000 * memory_gb(stack.functions[name]) for name, count in invocations.items()
    )
    return float(gb_s * price["gb_s"] * 1e6 + sum(invocations.values()) * price["million"])


def _hourly(what: str, count: int, price: float) -> Line:
    return Line(what, str(count), count * price * HOURS)


def _monthly(what: str, count: int, price: float) -> Line:
    return Line(what, str(count), count * price)
