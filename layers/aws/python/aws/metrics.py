"""CloudWatch metrics as one line of a function's log, in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
CloudWatch reads them out of the log, so no right and no request is needed. The line is the one that Powertools would
write, in a quarter of the time (`docs/decisions/0009-tracing.md`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping

NAMESPACE = "ServerlessOrders"
DIMENSION = "service"


def write_metrics(values: Mapping[str, float], *, service: str) -> None:
    """Write the line; the only dimension is the service: the function's name, which has the stack's in it."""
    metrics = [{"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"} for name in values]
    described = {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics}
    line = {
        "_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [described]},
        DIMENSION: service,
        **{name: [float(value)] for name, value in values.items()},
    }
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()
