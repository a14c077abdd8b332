"""CloudWatch metrics as one line of a function's log, in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
CloudWatch reads them out of the log, so no right and no request is needed. Written by hand: Powertools' metrics bring
its tracer along, which takes longer to import than all that this function needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

NAMESPACE = "ServerlessOrders"
DIMENSION = "service"


def metric_line(values: Mapping[str, int], *, service: str, at_ms: int) -> str:
    """Return the line; the only dimension is the service: the function's name, which has the stack's in it."""
    metrics = [{"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics}
    return json.dumps({"_aws": {"Timestamp": at_ms, "CloudWatchMetrics": [directive]}, DIMENSION: service, **values})
