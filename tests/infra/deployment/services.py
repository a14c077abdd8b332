"""ECS: the cluster, awsx's Fargate service with its task definition, and how the service scales."""

from __future__ import annotations

import secrets
from typing import Any

from tests.infra.deployment.api import Api, Created, given, pascal, token, until

_INCLUDE = ["TAGS", "CONFIGURATIONS", "SETTINGS"]


def cluster(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    ecs = api.client("ecs")
    made = ecs.create_cluster(clusterName=inputs["name"], tags=api.tags("key", "value"))
    arn = made["cluster"]["clusterArn"]

    def status() -> str:
        found = ecs.describe_clusters(clusters=[arn], include=_INCLUDE)["clusters"]
        return str(found[0]["status"]) if found else "INACTIVE"

    def delete() -> None:
        ecs.delete_cluster(cluster=arn)
        until(status, lambda found: found == "INACTIVE")

    until(status, lambda found: found == "ACTIVE")
    return Created(id=arn, outputs={"arn": arn, "name": inputs["name"]}, delete=delete)


def fargate_service(api: Api, name: str, inputs: dict[str, Any]) -> Created:
    ecs = api.client("ecs")
    definition = _task_definition(api, name, inputs["taskDefinitionArgs"])
    network = inputs["networkConfiguration"]
    made = ecs.create_service(
        capacityProviderStrategy=[],
        clientToken=token()[:32],
        cluster=inputs["cluster"],
        deploymentConfiguration={
            "deploymentCircuitBreaker": inputs["deploymentCircuitBreaker"],
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        desiredCount=inputs["desiredCount"],
        enableECSManagedTags=False,
        enableExecuteCommand=False,
        launchType="FARGATE",
        loadBalancers=inputs["loadBalancers"],
        networkConfiguration={
            "awsvpcConfiguration": {
                "assignPublicIp": "ENABLED" if network["assignPublicIp"] else "DISABLED",
                "securityGroups": network["securityGroups"],
                "subnets": network["subnets"],
            }
        },
        schedulingStrategy="REPLICA",
        serviceName=inputs["name"],
        tags=api.tags("key", "value"),
        taskDefinition=definition,
    )["service"]["serviceArn"]
    which = {"cluster": inputs["cluster"], "services": [made]}
    until(lambda: ecs.describe_services(**which)["services"], _is_steady)
    ecs.describe_services(**which, include=["TAGS"])

    def delete() -> None:
        ecs.describe_services(**which)
        ecs.update_service(cluster=inputs["cluster"], desiredCount=0, service=made)
        ecs.delete_service(cluster=inputs["cluster"], service=made)
        until(lambda: ecs.describe_services(**which)["services"], _is_over)
        ecs.deregister_task_definition(taskDefinition=definition)

    return Created(id=made, outputs={}, delete=delete)


def _is_steady(services: list[dict[str, Any]]) -> bool:
    (service,) = services
    return bool(service["status"] == "ACTIVE" and service["runningCount"] == service["desiredCount"])


def _is_over(services: list[dict[str, Any]]) -> bool:
    return not services or services[0]["status"] == "INACTIVE"


def _task_definition(api: Api, name: str, args: dict[str, Any]) -> str:
    ecs = api.client("ecs")
    group = args["logGroup"]["existing"]["arn"].partition(":log-group:")[2]
    arn: str = ecs.register_task_definition(
        containerDefinitions=[
            _container(api, called, each, log_group=group) for called, each in sorted(args["containers"].items())
        ],
        executionRoleArn=args["executionRole"]["roleArn"],
        family=f"{name}-{secrets.token_hex(4)}",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        tags=api.tags("key", "value"),
        taskRoleArn=args["taskRole"]["roleArn"],
        **given(args, cpu="cpu", memory="memory"),
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.describe_task_definition(include=["TAGS"], taskDefinition=arn)
    return arn


def _container(api: Api, name: str, container: dict[str, Any], *, log_group: str) -> dict[str, Any]:
    """Return a container as awsx completes it: a host's port for each of its own, and a stream for its lines."""
    options = {
        "awslogs-group": log_group,
        "awslogs-region": api.region,
        "awslogs-stream-prefix": name,
    }
    ports = [{**each, "hostPort": each["containerPort"]} for each in container.get("portMappings", [])]
    return {
        **container,
        "name": name,
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        **({"portMappings": ports} if ports else {}),
    }


def scalable_target(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    scaling = api.client("application-autoscaling")
    which = given(
        inputs, ResourceId="resourceId", ScalableDimension="scalableDimension", ServiceNamespace="serviceNamespace"
    )
    arn = scaling.register_scalable_target(
        **which, Tags=api.tag_map(), **given(inputs, MaxCapacity="maxCapacity", MinCapacity="minCapacity")
    )["ScalableTargetARN"]
    listed = {**which, "ResourceIds": [which["ResourceId"]]}
    del listed["ResourceId"]
    scaling.describe_scalable_targets(**listed)
    scaling.list_tags_for_resource(ResourceARN=arn)

    def delete() -> None:
        scaling.deregister_scalable_target(**which)
        until(lambda: scaling.describe_scalable_targets(**listed)["ScalableTargets"], lambda found: not found)

    return Created(id=inputs["resourceId"], outputs={"arn": arn, "resourceId": inputs["resourceId"]}, delete=delete)


def scaling_policy(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    scaling, which = api.client("application-autoscaling"), {"PolicyName": inputs["name"]}
    target = given(
        inputs, ResourceId="resourceId", ScalableDimension="scalableDimension", ServiceNamespace="serviceNamespace"
    )
    configuration = inputs["targetTrackingScalingPolicyConfiguration"]
    arn = scaling.put_scaling_policy(
        **which,
        **target,
        PolicyType=inputs["policyType"],
        TargetTrackingScalingPolicyConfiguration={
            "DisableScaleIn": False,
            "PredefinedMetricSpecification": pascal(configuration["predefinedMetricSpecification"]),
            "ScaleInCooldown": configuration.get("scaleInCooldown", 0),
            "ScaleOutCooldown": configuration.get("scaleOutCooldown", 0),
            "TargetValue": configuration["targetValue"],
        },
    )["PolicyARN"]
    scaling.describe_scaling_policies(PolicyNames=[inputs["name"]], **target)
    return Created(
        id=inputs["name"], outputs={"arn": arn}, delete=lambda: scaling.delete_scaling_policy(**which, **target)
    )


RESOURCES = {
    "aws:appautoscaling/policy:Policy": scaling_policy,
    "aws:appautoscaling/target:Target": scalable_target,
    "aws:ecs/cluster:Cluster": cluster,
    "awsx:ecs:FargateService": fargate_service,
}
