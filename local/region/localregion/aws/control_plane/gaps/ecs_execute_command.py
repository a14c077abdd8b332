"""ECS: whether people may open a shell in a service's tasks.

AWS: a service says it as was asked for when it was created or updated. moto keeps it at an update only, so a client
that asked for it finds it off.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse

_create = EC2ContainerServiceResponse.create_service


def create_service(self: EC2ContainerServiceResponse) -> ActionResult:
    answer = _create(self)
    created: Any = answer.result
    if self._get_param("enableExecuteCommand"):
        created["service"].enable_execute_command = True
    return answer


def fill() -> None:
    EC2ContainerServiceResponse.create_service = create_service  # type: ignore[method-assign]
