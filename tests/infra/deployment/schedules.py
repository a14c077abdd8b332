"""EventBridge Scheduler: what runs every minute and every day."""

from __future__ import annotations

import uuid
from typing import Any

from tests.infra.deployment.api import Api, Created, given, pascal

_RETRIES = {"maximumEventAgeInSeconds": 86_400, "maximumRetryAttempts": 185}


def schedule(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    client, called = api.client("scheduler"), inputs["name"]
    target = {**inputs["target"], "retryPolicy": {**_RETRIES, **inputs["target"].get("retryPolicy", {})}}
    arn = client.create_schedule(
        ClientToken=str(uuid.uuid4()),
        FlexibleTimeWindow=pascal(inputs["flexibleTimeWindow"]),
        Name=called,
        ScheduleExpressionTimezone=inputs.get("scheduleExpressionTimezone", "UTC"),
        State=inputs.get("state", "ENABLED"),
        Target=pascal(target),
        **given(inputs, ScheduleExpression="scheduleExpression"),
    )["ScheduleArn"]
    client.get_schedule(GroupName="default", Name=called)
    return Created(
        id=f"default/{called}",
        outputs={"arn": arn, "name": called},
        delete=lambda: client.delete_schedule(ClientToken=str(uuid.uuid4()), GroupName="default", Name=called),
    )


RESOURCES = {"aws:scheduler/schedule:Schedule": schedule}
