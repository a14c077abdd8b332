"""ECS: the deployments of a service, by their ARNs.

AWS: ListServiceDeployments and DescribeServiceDeployments tell how a deployment goes; clients wait for SUCCESSFUL. The
revision that a deployment is to bring has the number of its id in `DescribeServices`. moto has neither operation.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time
from moto.ecs.models import Service
from moto.ecs.responses import EC2ContainerServiceResponse


def list_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    service = self.ecs_backend._get_service(self._get_param("cluster", "default"), self._get_param("service"))
    found = [each for each in _deployments_of(service) if _is_asked_for(each, self)]
    shown = ("serviceDeploymentArn", "serviceArn", "clusterArn", "createdAt", "targetServiceRevisionArn", "status")
    return ActionResult({"serviceDeployments": [{name: each[name] for name in shown} for each in found]})


def describe_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    asked_for = self._get_param("serviceDeploymentArns", [])
    services = self.ecs_backend.services.values()
    known = {each["serviceDeploymentArn"]: each for service in services for each in _deployments_of(service)}
    return ActionResult(
        {
            "serviceDeployments": [known[arn] for arn in asked_for if arn in known],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in asked_for if arn not in known],
        }
    )


def _deployments_of(service: Service) -> Iterator[dict[str, Any]]:
    for deployment in service.deployments:
        number = str(deployment["id"]).rpartition("/")[2]
        yield {
            "serviceDeploymentArn": f"{service.arn.replace(':service/', ':service-deployment/')}/{number}",
            "serviceArn": service.arn,
            "clusterArn": service.cluster_arn,
            "createdAt": deployment["createdAt"],
            "startedAt": deployment["createdAt"],
            "finishedAt": deployment["updatedAt"],
            "updatedAt": deployment["updatedAt"],
            "targetServiceRevisionArn": f"{service.arn.replace(':service/', ':service-revision/')}/{number}",
            "status": "SUCCESSFUL" if deployment["rolloutState"] == "COMPLETED" else "IN_PROGRESS",
        }


def _is_asked_for(deployment: dict[str, Any], response: EC2ContainerServiceResponse) -> bool:
    statuses, created = response._get_param("status"), response._get_param("createdAt", {})
    made_s = unix_time(deployment["createdAt"])
    after, before = (created.get(name) for name in ("after", "before"))
    return (
        (not statuses or deployment["status"] in statuses)
        and (after is None or made_s > unix_time(after))
        and (before is None or made_s < unix_time(before))
    )


def fill() -> None:
    for operation in (list_service_deployments, describe_service_deployments):
        setattr(EC2ContainerServiceResponse, operation.__name__, operation)
