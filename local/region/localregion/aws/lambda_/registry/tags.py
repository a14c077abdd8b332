"""Tags of functions and of event source mappings. https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html"""

from __future__ import annotations

from localregion.aws.http.errors import function_not_found, invalid_parameter_value, not_found
from localregion.aws.lambda_.registry.call import Call
from localregion.aws.lambda_.registry.state import Document


def tag_resource(call: Call) -> None:
    _tags(call).update(call.body.get("Tags") or {})


def untag_resource(call: Call) -> None:
    tags = _tags(call)
    for key in call.query.get("tagKeys", ()):
        tags.pop(key, None)


def list_tags(call: Call) -> Document:
    return {"Tags": dict(_tags(call))}


def _tags(call: Call) -> dict[str, str]:
    """Return the tags of the resource that the path names."""
    arn = call.parameters["arn"]
    if (name := arn.removeprefix(call.place.function_arn(""))) != arn:
        if ":" in name:
            raise invalid_parameter_value(
                "Tags on function aliases and versions are not supported. Please specify a function ARN."
            )
        if name not in call.state.functions:
            raise function_not_found(arn)
        return call.state.functions[name].tags
    mapping = call.state.mappings.get(arn.removeprefix(call.place.mapping_arn("")))
    if mapping is None:
        raise not_found("The resource you requested does not exist.")
    tags: dict[str, str] = mapping["tags"]
    return tags
