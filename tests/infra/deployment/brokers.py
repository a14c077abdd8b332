"""Amazon MQ: the broker with its one user."""

from __future__ import annotations

from typing import Any

from tests.infra.deployment.api import Api, Created, given, gone, pascal, token, until

_SAME = (
    "autoMinorVersionUpgrade",
    "brokerName",
    "deploymentMode",
    "encryptionOptions",
    "engineType",
    "engineVersion",
    "hostInstanceType",
    "logs",
    "maintenanceWindowStartTime",
    "publiclyAccessible",
    "securityGroups",
    "subnetIds",
)


def broker(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    mq = api.client("mq")
    made = mq.create_broker(
        CreatorRequestId=token(),
        Tags=api.tag_map(),
        Users=[_user(each) for each in inputs["users"]],
        **pascal(given(inputs, **{name: name for name in _SAME})),
    )
    which = {"BrokerId": made["BrokerId"]}
    found = until(lambda: mq.describe_broker(**which), lambda answer: answer["BrokerState"] == "RUNNING")
    for each in inputs["users"]:
        mq.describe_user(**which, Username=each["username"])

    def delete() -> None:
        mq.delete_broker(**which)
        gone(lambda: mq.describe_broker(**which))

    instances = [
        {"endpoints": each["Endpoints"], "consoleUrl": each["ConsoleURL"]} for each in found["BrokerInstances"]
    ]
    outputs = {"arn": found["BrokerArn"], "brokerName": inputs["brokerName"], "instances": instances}
    return Created(id=made["BrokerId"], outputs=outputs, delete=delete)


def _user(user: dict[str, Any]) -> dict[str, Any]:
    return {
        "ConsoleAccess": user.get("consoleAccess", False),
        "Groups": user.get("groups", []),
        "Password": user["password"],
        "ReplicationUser": user.get("replicationUser", False),
        "Username": user["username"],
    }


RESOURCES = {"aws:mq/broker:Broker": broker}
