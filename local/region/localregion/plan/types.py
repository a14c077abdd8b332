"""Which types of resources the plan is made of, which are not booted, and what is refused as neither."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localregion.plan.errors import PlanError
from localregion.plan.inputs import label
from localregion.plan.mocks import Resource

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
LAYER = "aws:lambda/layerVersion:LayerVersion"
INVOCATION = "aws:lambda/invocation:Invocation"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
EVENT_INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
SCHEDULE = "aws:scheduler/schedule:Schedule"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a type)
SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"  # noqa: S105 (a type)
DATABASE = "aws:rds/instance:Instance"
BROKER = "aws:mq/broker:Broker"
BUCKET = "aws:s3/bucket:Bucket"

_PLACED = frozenset(
    {
        *(FUNCTION, ALIAS, LAYER, INVOCATION, MAPPING, EVENT_INVOKE_CONFIG, SCHEDULE),
        *(SECRET, SECRET_VERSION, DATABASE, BROKER, BUCKET),
    }
)
# What stands around the system in AWS and has no counterpart here: the network, rights, TLS, pooling, watching.
_NOT_BOOTED = re.compile(
    r"awsx:(ec2/vpc:Vpc|ec2:Vpc|ecs:FargateService)"
    r"|aws:(iam|ec2|vpc|lb|ecs|acm|kms|route53|wafv2|appautoscaling)/"
    r"|aws:rds/(proxy|proxyDefaultTargetGroup|proxyTarget|subnetGroup|parameterGroup|instanceAutomatedBackupsReplication):"
    r"|aws:cloudwatch/(logGroup|metricAlarm|compositeAlarm|dashboard|logMetricFilter|queryDefinition):"
    r"|aws:s3/bucket(Policy|PublicAccessBlock|Versioning|ServerSideEncryptionConfiguration|LifecycleConfiguration"
    r"|OwnershipControls|Logging):"
    r"|aws:(sns|ssm)/"
    r"|pulumi:providers:"
)


def refuse_unplaced(resources: Sequence[Resource]) -> None:
    """Raise PlanError for a resource that would run in AWS and not here."""
    for resource in resources:
        if not resource.is_component and resource.type not in _PLACED and not _NOT_BOOTED.match(resource.type):
            raise PlanError(
                f"{label(resource)} has no place in the plan: teach localregion/plan/types.py to place it, or "
                "list its type among those that are not booted"
            )
