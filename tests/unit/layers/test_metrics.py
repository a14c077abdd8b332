"""Metric lines are those that Powertools writes, octet by octet."""

from __future__ import annotations

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from aws.metrics import NAMESPACE, write_metrics

VALUES: list[dict[str, float]] = [
    {"OrdersAccepted": 1, "PublishFailures": 0},
    {"BatchSeconds": 0.25, "OldestSeconds": 12},
    {"Large": 10**15, "Small": 1e-9},
]


def powertools(values: dict[str, float], *, service: str) -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
    for name, value in values.items():
        metrics.add_metric(name, MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count, value)
    metrics.flush_metrics()


def without_time(line: str) -> str:
    begin, found, rest = line.partition('"Timestamp":')
    assert found
    assert 1_700_000_000_000 < int(rest[:13]) < 4_000_000_000_000
    return begin + rest[13:]


@pytest.mark.parametrize("values", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("service", ["create_order", 'dev-"caf\u00e9"'])
def test_a_line_is_the_one_that_powertools_writes(
    values: dict[str, float], service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_metrics(values, service=service)
    ours = capsys.readouterr().out
    powertools(values, service=service)
    assert without_time(ours) == without_time(capsys.readouterr().out)
    assert ours.endswith("}\n")
