"""Lambda: layers, functions, aliases, event source mappings, what becomes of events, invocations of a deployment."""

from __future__ import annotations

from typing import Any

from tests.infra.deployment.api import Api, Created, given, gone, pascal, until


class InvocationFailedError(Exception):
    """A function that a deployment invokes ended with an error; the text is what it said."""


def layer_version(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    client, called = api.client("lambda"), inputs["layerName"]
    made = client.publish_layer_version(
        Content={"ZipFile": api.archive(inputs["code"])},
        Description="",
        LayerName=called,
        LicenseInfo="",
        **given(inputs, CompatibleArchitectures="compatibleArchitectures", CompatibleRuntimes="compatibleRuntimes"),
    )
    which = {"LayerName": called, "VersionNumber": made["Version"]}
    found = client.get_layer_version(**which)
    outputs = {"arn": found["LayerVersionArn"], "layerArn": found["LayerArn"], "version": str(found["Version"])}
    return Created(id=outputs["arn"], outputs=outputs, delete=lambda: client.delete_layer_version(**which))


def function(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    client, which = api.client("lambda"), {"FunctionName": inputs["name"]}
    client.create_function(**which, **_function(api, inputs))
    until(
        lambda: client.get_function(**which)["Configuration"],
        lambda found: found.get("State") == "Active" and found.get("LastUpdateStatus") == "Successful",
    )
    found = client.get_function(**which)["Configuration"]
    if (reserved := inputs.get("reservedConcurrentExecutions")) is not None:
        client.put_function_concurrency(**which, ReservedConcurrentExecutions=reserved)
        client.get_function(**which)
    versions = client.list_versions_by_function(**which, MaxItems=10_000)["Versions"]
    client.get_function_code_signing_config(**which)
    arn, version = found["FunctionArn"], versions[-1]["Version"]
    return Created(
        id=inputs["name"],
        outputs={"arn": arn, "name": inputs["name"], "version": version, "qualifiedArn": f"{arn}:{version}"},
        delete=lambda: client.delete_function(**which),
    )


def _function(api: Api, inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "Code": {"ZipFile": api.archive(inputs["code"])},
        "Description": "",
        "Environment": {"Variables": inputs["environment"]["variables"]},
        "LoggingConfig": pascal(
            {key: value for key, value in inputs["loggingConfig"].items() if key != "applicationLogLevel" or value}
        ),
        "PackageType": "Zip",
        "Tags": api.tag_map(),
        "TracingConfig": pascal(inputs["tracingConfig"]),
        "VpcConfig": {"Ipv6AllowedForDualStack": False, **pascal(inputs["vpcConfig"])},
        **({"SnapStart": pascal(inputs["snapStart"])} if "snapStart" in inputs else {}),
        **given(
            inputs,
            Architectures="architectures",
            Handler="handler",
            Layers="layers",
            MemorySize="memorySize",
            Publish="publish",
            Role="role",
            Runtime="runtime",
            Timeout="timeout",
        ),
    }


def alias(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    client, which = api.client("lambda"), {"FunctionName": inputs["functionName"], "Name": inputs["name"]}
    client.create_alias(**which, Description="", FunctionVersion=inputs["functionVersion"], RoutingConfig={})
    found = client.get_alias(**which)
    return Created(
        id="/".join(which.values()),
        outputs={"arn": found["AliasArn"], "name": inputs["name"]},
        delete=lambda: client.delete_alias(**which),
    )


def event_source_mapping(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    client = api.client("lambda")
    access = [{"Type": each["type"], "URI": each["uri"]} for each in inputs["sourceAccessConfigurations"]]
    made = client.create_event_source_mapping(
        Queues=[inputs["queues"]],
        SourceAccessConfigurations=access,
        **given(
            inputs,
            BatchSize="batchSize",
            Enabled="enabled",
            EventSourceArn="eventSourceArn",
            FunctionName="functionName",
            MaximumBatchingWindowInSeconds="maximumBatchingWindowInSeconds",
        ),
    )
    which = {"UUID": made["UUID"]}
    found = until(
        lambda: client.get_event_source_mapping(**which), lambda answer: answer["State"] in ("Enabled", "Disabled")
    )

    def delete() -> None:
        client.delete_event_source_mapping(**which)
        gone(lambda: client.get_event_source_mapping(**which))

    return Created(id=made["UUID"], outputs={"uuid": made["UUID"], "functionArn": found["FunctionArn"]}, delete=delete)


def event_invoke_config(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    client = api.client("lambda")
    which = given(inputs, FunctionName="functionName", Qualifier="qualifier")
    client.put_function_event_invoke_config(
        **which,
        DestinationConfig={},
        **given(
            inputs, MaximumEventAgeInSeconds="maximumEventAgeInSeconds", MaximumRetryAttempts="maximumRetryAttempts"
        ),
    )
    client.get_function_event_invoke_config(**which)
    return Created(
        id=":".join(which.values()),
        outputs={},
        delete=lambda: client.delete_function_event_invoke_config(**which),
    )


def invocation(api: Api, name: str, inputs: dict[str, Any]) -> Created:
    which = given(inputs, FunctionName="functionName", Qualifier="qualifier")
    answer = api.client("lambda").invoke(**which, Payload=inputs["input"])
    result = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise InvocationFailedError(f"{name}: {result}")
    return Created(id="_".join(which.values()), outputs={"result": result})


RESOURCES = {
    "aws:lambda/alias:Alias": alias,
    "aws:lambda/eventSourceMapping:EventSourceMapping": event_source_mapping,
    "aws:lambda/function:Function": function,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": event_invoke_config,
    "aws:lambda/invocation:Invocation": invocation,
    "aws:lambda/layerVersion:LayerVersion": layer_version,
}
