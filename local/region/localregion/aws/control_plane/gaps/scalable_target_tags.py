"""Application Auto Scaling: tags of scalable targets.

AWS: RegisterScalableTarget takes tags, and TagResource, UntagResource and ListTagsForResource work on the target's ARN.
moto drops the tags and has none of the three.
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ListTagsForResource.html
"""

from __future__ import annotations

from collections import defaultdict

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

# By ARN, which no two targets share.
_tags: dict[str, dict[str, str]] = defaultdict(dict)
_register = ApplicationAutoScalingResponse.register_scalable_target


def register_scalable_target(self: ApplicationAutoScalingResponse) -> str:
    answer = _register(self)
    target = self.applicationautoscaling_backend.targets[self._get_param("ScalableDimension")]
    # Registered again, a target keeps its tags when none are given.
    if tags := self._get_param("Tags"):
        _tags[target[self._get_param("ResourceId")].arn].update(tags)
    return answer


def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> ActionResult:
    return ActionResult({"Tags": _tags[_existing(self)]})


def tag_resource(self: ApplicationAutoScalingResponse) -> ActionResult:
    _tags[_existing(self)].update(self._get_param("Tags"))
    return ActionResult({})


def untag_resource(self: ApplicationAutoScalingResponse) -> ActionResult:
    tags = _tags[_existing(self)]
    for key in self._get_param("TagKeys"):
        tags.pop(key, None)
    return ActionResult({})


def _existing(response: ApplicationAutoScalingResponse) -> str:
    arn: str = response._get_param("ResourceARN")
    if arn not in _arns(response.applicationautoscaling_backend):
        raise JsonRESTError("ResourceNotFoundException", f"The resource does not exist: {arn}")
    return arn


def _arns(backend: ApplicationAutoscalingBackend) -> set[str]:
    return {target.arn for targets in backend.targets.values() for target in targets.values()}


def fill() -> None:
    for operation in (register_scalable_target, list_tags_for_resource, tag_resource, untag_resource):
        setattr(ApplicationAutoScalingResponse, operation.__name__, operation)
