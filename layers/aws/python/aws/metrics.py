"""CloudWatch metrics as one line of a function's log, in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
CloudWatch reads them out of the log, so no right and no request is needed. Powertools writes the line: its package
imports its metrics together with its logger, so they cost nothing more (`docs/decisions/0009-tracing.md`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "ServerlessOrders"
DIMENSION = "service"


def write_metrics(values: Mapping[str, float], *, service: str) -> None:
    """Write the line; the only dimension is the service: the function's name, which has the stack's in it."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
    for name, value in values.items():
        metrics.add_metric(name, MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count, value)
    metrics.flush_metrics()
    sys.stdout.flush()
