"""Lambda's API where functions are made by calls: each change is on disk and runs before it is answered.

Changes come one after the other; an upload is unpacked beside the event loop first. What nothing here has is refused by
its name. https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote

from localregion.aws.event_source_mappings.api import API_PATH as MAPPINGS_PATH
from localregion.aws.event_source_mappings.api import Mappings
from localregion.aws.event_source_mappings.running import DeployedMapping
from localregion.aws.event_source_mappings.settings import parse_request
from localregion.aws.http.errors import invalid_parameter_value, not_emulated, not_found, request_too_large
from localregion.aws.http.exchange import Request, Response, json_response
from localregion.aws.lambda_.functions.names import check_place
from localregion.aws.lambda_.invoke_api import InvokeApi
from localregion.aws.lambda_.registry.archives import Archives
from localregion.aws.lambda_.registry.call import Call, Place
from localregion.aws.lambda_.registry.deployment import mapping_document
from localregion.aws.lambda_.registry.registry import Registry
from localregion.aws.lambda_.registry.routes import PREFIX, Route, find_route

ARCHIVES_PATH = "/_emulator/archives/"
# What AWS takes in one request.
_REQUEST_MAX_BYTES = 70_167_211
ObjectOf = Callable[[str, str], bytes | None]


class LambdaApi:
    """`run` gives what was changed to those who run it; `s3_object` is the content of an object, by bucket and key."""

    def __init__(
        self,
        registry: Registry,
        archives: Archives,
        place: Place,
        *,
        invoke_api: InvokeApi,
        mappings: Mappings,
        s3_object: ObjectOf,
        concurrency_limit: int,
        run: Callable[[], Awaitable[None]],
    ) -> None:
        self._registry = registry
        self._archives = archives
        self._place = place
        self._invoke_api = invoke_api
        self._mappings = mappings
        self._s3_object = s3_object
        self._concurrency_limit = concurrency_limit
        self._run = run

    def is_meant(self, path: str) -> bool:
        return PREFIX.match(path) is not None or path.startswith((MAPPINGS_PATH, ARCHIVES_PATH))

    async def handle(self, request: Request) -> Response:
        """Answer one call. Raises LambdaApiError for what AWS or the emulator refuses."""
        path = request.path.rstrip("/")
        if path.startswith(MAPPINGS_PATH):
            return await self._handle_mapping(request)
        if path.startswith(ARCHIVES_PATH) and request.method == "GET":
            return self._archive(path.removeprefix(ARCHIVES_PATH))
        if path.endswith("/invocations") and request.method == "POST":
            return await self._invoke_api.handle(request, path.split("/")[-2])
        found = find_route(request.method, path, request.query)
        if found is None:
            raise not_emulated(f"Lambda's {request.method} {request.path} is not emulated.")
        route, parameters = found
        call = await self._call(request, route, parameters)
        answer = await self._change(route, call) if route.changes else route.operation(call)
        return Response(204, {}, b"") if route.status == 204 else json_response(answer, route.status)

    async def _change(self, route: Route, call: Call) -> Any:
        with self._registry.change() as state:
            answer = route.operation(replace(call, state=state))
        await self._run()
        return answer

    async def _call(self, request: Request, route: Route, parameters: Mapping[str, str]) -> Call:
        if request.size > _REQUEST_MAX_BYTES or (request.size and not request.body):
            raise request_too_large(_REQUEST_MAX_BYTES, route.name)
        if "function" in parameters:
            check_place(parameters["function"], self._place)
        body, archive = await asyncio.to_thread(self._read, request.body)
        return Call(
            state=self._registry.state,
            place=self._place,
            archives=self._archives,
            concurrency_limit=self._concurrency_limit,
            parameters=parameters,
            query=parse_qs(request.target.partition("?")[2], keep_blank_values=True),
            body=body,
            archive=archive,
        )

    def _read(self, text: bytes) -> tuple[dict[str, Any], str]:
        """Return the request's members, and the name of the archive that is among them, which is kept."""
        body = parse_request(text)
        source = body.get("Content") or body.get("Code") or body
        if not isinstance(source, dict) or not ({"ZipFile", "S3Bucket", "ImageUri"} & source.keys()):
            return body, ""
        if "ImageUri" in source:
            raise not_emulated("A function from a container image is not emulated.")
        return body, self._archives.add(self._content(source))

    def _content(self, source: Mapping[str, Any]) -> bytes:
        if "ZipFile" in source:
            try:
                return base64.b64decode(source["ZipFile"], validate=True)
            except (binascii.Error, TypeError) as error:
                raise invalid_parameter_value("Could not parse ZipFile: it is not base64.") from error
        content = self._s3_object(str(source["S3Bucket"]), str(source.get("S3Key", "")))
        if content is None:
            raise invalid_parameter_value(
                "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does "
                "not exist."
            )
        return content

    async def _handle_mapping(self, request: Request) -> Response:
        response = Response(*await self._mappings.handle(request.method, request.path, request.query, request.body))
        if request.method != "GET" and response.status < 300:
            await self._run()
        return response

    def _archive(self, file: str) -> Response:
        path = self._archives.path(unquote(file).removesuffix(".zip"))
        if "/" in file or not path.is_file():
            raise not_found("There is no such archive.")
        return Response(200, {"Content-Type": "application/zip"}, path.read_bytes())


class KeptMappings:
    """Event source mappings in the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def put(self, deployed: DeployedMapping, *, tags: Mapping[str, str]) -> None:
        """Keep a mapping; one that is there already keeps its tags."""
        with self._registry.change() as state:
            former = state.mappings.get(deployed.mapping_id, {"tags": dict(tags)})
            state.mappings[deployed.mapping_id] = mapping_document(deployed, tags=former["tags"])

    def remove(self, mapping_id: str) -> None:
        with self._registry.change() as state:
            state.mappings.pop(mapping_id, None)
