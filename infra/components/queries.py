"""Questions to the logs that come up again and again, saved in CloudWatch Logs Insights.

Every line of a function is JSON with `trace_id` and `span_id`, those about an order with `order_id`; Lambda's own lines
have a `type`. TRACE_ID and ORDER_ID are what the reader replaces.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# Where X-Ray keeps spans, of all stacks of an account and region (docs/deploy.md).
SPANS = "aws/spans"
_BY_TRACE = """\
fields @timestamp, service, level, message, order_id, span_id
| filter trace_id = "TRACE_ID"
| sort @timestamp asc"""
_BY_ORDER = """\
fields @timestamp, service, level, message, trace_id
| filter order_id = "ORDER_ID"
| sort @timestamp asc"""
_ERRORS = """\
filter level in ["ERROR", "CRITICAL"] or (type = "platform.report" and record.status != "success")
| stats count(*) as errors, latest(@timestamp) as last by @log, message, record.status
| sort errors desc"""
_SLOWEST = """\
filter type = "platform.report"
| fields @timestamp, @log, record.requestId, record.metrics.durationMs, record.metrics.initDurationMs,
    record.metrics.maxMemoryUsedMB
| sort record.metrics.durationMs desc
| limit 50"""
_BATCHES_WITH_PARKED = """\
filter message = "batch invoiced" and parked > 0
| fields @timestamp, parked, messages, trace_id, correlation_id
| sort @timestamp desc"""
_SPANS_OF_TRACE = """\
fields resource.attributes.service.name as service, name, kind, durationNano / 1000000 as ms, status.code,
    spanId, parentSpanId
| filter traceId = "TRACE_ID"
| sort startTimeUnixNano asc"""
_PARKED = """\
fields @timestamp, name, status.message as reason, traceId, links.0.traceId as order_trace
| filter name like "park " and resource.attributes.deployment.environment.name = "STACK"
| sort @timestamp desc"""
OF_LOGS = {
    "log of a trace": _BY_TRACE,
    "log of an order": _BY_ORDER,
    "errors by function": _ERRORS,
    "slowest invocations": _SLOWEST,
    "batches with parked messages": _BATCHES_WITH_PARKED,
}
OF_SPANS = {"spans of a trace": _SPANS_OF_TRACE, "parked messages and reasons": _PARKED}


@dataclass(frozen=True, kw_only=True)
class QueriesArgs:
    """The functions' log groups; `has_spans` when the stack sends spans to X-Ray."""

    prefix: str
    log_groups: Sequence[pulumi.Input[str]]
    has_spans: bool


class Queries(pulumi.ComponentResource):
    """Saved queries, in the folder `<prefix>orders`.

    Creates:
      - a query definition per line of OF_LOGS over the functions' logs
      - with `has_spans` one per line of OF_SPANS over X-Ray's
    """

    def __init__(self, name: str, args: QueriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Queries", name, None, opts)
        for title, query in OF_LOGS.items():
            self._save(title, query, args.log_groups, args.prefix)
        for title, query in OF_SPANS.items() if args.has_spans else ():
            self._save(title, query.replace("STACK", pulumi.get_stack()), [SPANS], args.prefix)
        self.register_outputs({})

    def _save(self, title: str, query: str, log_groups: Sequence[pulumi.Input[str]], prefix: str) -> None:
        aws.cloudwatch.QueryDefinition(
            title.replace(" ", "-"),
            name=f"{prefix}orders/{title}",
            query_string=query,
            log_group_names=list(log_groups),
            opts=pulumi.ResourceOptions(parent=self),
        )
