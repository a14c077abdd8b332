"""What the Lambda API tells about functions: GetFunction, GetFunctionConfiguration, ListFunctions; it changes none.

https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html. Functions are changed in `infra/`; a
call that would change one here is refused with a message that says so.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from localregion.aws.http.errors import invalid_parameter_value, not_emulated
from localregion.aws.http.exchange import Request, Response, json_response
from localregion.aws.lambda_.functions.names import LATEST, PUBLISHED
from localregion.aws.lambda_.invoke_api import InvokeApi
from localregion.aws.lambda_.service import LambdaService, Target
from localregion.plan.sources import is_archive

FUNCTIONS_PATH = "/2015-03-31/functions"
# https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html: a page has 50, even when more were asked for.
_PAGE_MAX = 50


class FunctionApi:
    """Everything below `/2015-03-31/functions`."""

    def __init__(self, service: LambdaService, invoke_api: InvokeApi) -> None:
        self._service = service
        self._invoke_api = invoke_api

    async def handle(self, request: Request) -> Response:
        """Answer one call. Raises LambdaApiError for what AWS or the emulator refuses."""
        name, _, rest = request.path.removeprefix(FUNCTIONS_PATH).strip("/").partition("/")
        if rest == "invocations" and request.method == "POST":
            return await self._invoke_api.handle(request, name)
        if request.method != "GET" or rest not in ("", "configuration"):
            raise not_emulated(
                f"{request.method} {request.path} is not emulated. Supported: Invoke, GetFunction, "
                "GetFunctionConfiguration, ListFunctions; a function is changed in infra/."
            )
        if not name:
            return json_response(self._list(request.query))
        configuration = self._configuration(self._service.find(name, request.query.get("Qualifier")))
        if rest == "configuration":
            return json_response(configuration)
        return json_response({"Configuration": configuration, **self._code(configuration["FunctionName"])})

    def _list(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return one page. What is listed never changes here, so a marker is the place where the next page begins."""
        listed = self._listed(query.get("FunctionVersion"))
        start = _number(query, "Marker", default=0, lowest=0)
        end = start + min(_number(query, "MaxItems", default=_PAGE_MAX, lowest=1, highest=10_000), _PAGE_MAX)
        page = {"Functions": [self._configuration(target) for target in listed[start:end]]}
        return page if end >= len(listed) else {**page, "NextMarker": str(end)}

    def _listed(self, version: str | None) -> list[Target]:
        if version not in (None, "ALL"):
            raise invalid_parameter_value(f"Value '{version}' at 'functionVersion' must be one of [ALL]")
        qualifiers = [None] if version is None else [LATEST, PUBLISHED]
        names = [function.name for function in self._service.plan.functions]
        return [self._service.find(name, qualifier) for name in names for qualifier in qualifiers]

    def _code(self, name: str) -> dict[str, Any]:
        code: dict[str, Any] = {
            "Code": {"RepositoryType": "Local", "Location": str(self._service.code[name].task_root)}
        }
        reserved = self._service.plan.function(name).reserved_concurrency
        return code if reserved is None else {**code, "Concurrency": {"ReservedConcurrentExecutions": reserved}}

    def _configuration(self, target: Target) -> dict[str, Any]:
        function, code = target.function, self._service.code[target.function.name]
        return {
            "FunctionName": function.name,
            "FunctionArn": target.arn,
            "Version": target.version,
            "Runtime": function.runtime,
            "Handler": function.handler,
            "Role": f"arn:aws:iam::{self._service.plan.account}:role/{function.name}",
            "MemorySize": function.memory_mb,
            "Timeout": function.timeout_s,
            "Environment": {"Variables": function.environment},
            "Layers": [{"Arn": self._layer_arn(layer)} for layer in function.layers],
            "Architectures": [function.architecture],
            "CodeSize": code.size(),
            "CodeSha256": base64.b64encode(code.content_hash()).decode(),
            "PackageType": "Zip",
            "Description": "",
            "LastModified": code.last_modified().strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": f"{LATEST}-{code.version}",
        }

    def _layer_arn(self, layer: str) -> str:
        if not is_archive(layer):
            return layer
        name = layer.rpartition("/")[2].removesuffix(".zip")
        return f"arn:aws:lambda:{self._service.plan.region}:{self._service.plan.account}:layer:{name}:1"


def _number(query: Mapping[str, str], member: str, *, default: int, lowest: int, highest: int | None = None) -> int:
    text = query.get(member)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) < lowest or (highest is not None and int(text) > highest):
        raise invalid_parameter_value(f"Value '{text}' at '{member}' is not valid")
    return int(text)
