"""ECS: the counts of a service's tasks, and the state of its deployment.

AWS: a steady service has as many running tasks as it desires, none pending, and its deployment is COMPLETED. moto
leaves a new service IN_PROGRESS for good, with every task pending, and an update changes the service but not its
deployment. Clients wait for the steady state. Here it is reached at once.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import EC2ContainerServiceBackend, Service

from localregion.aws.control_plane.gaps.construction import after_construction

_update_service = EC2ContainerServiceBackend.update_service


def _steady_after_an_update(self: EC2ContainerServiceBackend, service_properties: dict[str, Any]) -> Service:
    service = _update_service(self, service_properties)
    _become_steady(service)
    for deployment in service.deployments:
        deployment["updatedAt"] = utcnow()
    return service


def _become_steady(service: Service, _: dict[str, Any] | None = None) -> None:
    service.running_count, service.pending_count = service.desired_count, 0
    for deployment in service.deployments:
        deployment.update(
            desiredCount=service.desired_count,
            runningCount=service.desired_count,
            pendingCount=0,
            taskDefinition=service.task_definition,
            rolloutState="COMPLETED",
            rolloutStateReason=f"ECS deployment {deployment['id']} completed.",
        )


def fill() -> None:
    after_construction(Service, _become_steady)
    EC2ContainerServiceBackend.update_service = _steady_after_an_update  # type: ignore[method-assign]
