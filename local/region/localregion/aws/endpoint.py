"""Every emulated AWS API behind one address: it finds the API that a request is for, and has its answer.

Signatures are not looked at. A call that nothing here emulates is refused in AWS's form, with what is supported.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol, get_args

from localregion.aws.amqp.consumer import RequeueMethod
from localregion.aws.event_source_mappings.api import Mappings
from localregion.aws.http import unknown_calls
from localregion.aws.http.errors import (
    LambdaApiError,
    access_denied,
    misdirected_request,
    service_failure,
    unsupported_media_type,
)
from localregion.aws.http.exchange import Request, Response, json_response, refusal
from localregion.aws.http.hosts import NAMES, host_check
from localregion.aws.lambda_ import debug_api, memory_api
from localregion.aws.lambda_.debug_api import DebugApi
from localregion.aws.lambda_.function_api import FUNCTIONS_PATH, FunctionApi
from localregion.aws.lambda_.memory_api import MemoryApi
from localregion.aws.lambda_.service import SYNC_PAYLOAD_MAX
from localregion.aws.s3.api import S3, WIRE_MAX_BYTES
from localregion.aws.secrets_manager import TARGET_PREFIX, SecretsManager

MAPPINGS_PATH = "/2015-03-31/event-source-mappings"
STATUS_PATH = "/_emulator/status"
INVOCATIONS_PATH = "/_emulator/invocations"
# How mappings give failed batches back; AWS does not say which method it uses, so all have to be survived.
REQUEUE_PATH = "/_emulator/requeue/"
SUPPORTED = (
    "Lambda: Invoke, GetFunction, GetFunctionConfiguration, ListFunctions, event source mappings; "
    "Secrets Manager: GetSecretValue; S3: PutObject, GetObject, HeadObject in the plan's buckets"
)
# Paths that are another API's, whatever buckets are called.
_OTHERS = (FUNCTIONS_PATH, MAPPINGS_PATH, "/_emulator/")
if TYPE_CHECKING:
    # It has a client for HTTP, which takes a tenth of a second to import; a program's system has no use for it.
    from localregion.aws.lambda_.registry.api import LambdaApi
    from localregion.aws.region.region import Region

# An archive of 50 MB in base64, and what is said of it.
UPLOAD_MAX_BYTES = 72 * 1024 * 1024
_log = logging.getLogger("emulator.aws")


class TellsStatus(Protocol):
    """Who knows how the emulator is."""

    def report(self) -> dict[str, Any]: ...
    def invocations(self) -> dict[str, Any]: ...


class AwsEndpoint:
    """What the AWS port answers with."""

    def __init__(
        self,
        *,
        functions: FunctionApi,
        mappings: Mappings,
        secrets: SecretsManager,
        status: TellsStatus,
        debug: DebugApi,
        memory: MemoryApi,
        s3: S3,
        lambda_api: LambdaApi | None = None,
        region: Region | None = None,
        allowed_hosts: tuple[str, ...] = (),
    ) -> None:
        self._functions = functions
        self._mappings = mappings
        self._secrets = secrets
        self._status = status
        self._debug = debug
        self._memory = memory
        self._s3 = s3
        self._lambda_api = lambda_api
        self._region = region
        self._allowed_hosts = allowed_hosts
        self._is_allowed_host = host_check(allowed_hosts)

    def body_limit(self, path: str, headers: dict[bytes, bytes]) -> int:
        if self._is_s3(path, headers):
            return WIRE_MAX_BYTES
        return SYNC_PAYLOAD_MAX if self._lambda_api is None or path.endswith("/invocations") else UPLOAD_MAX_BYTES

    async def answer(self, request: Request) -> Response:
        """Answer every request, also one at which the emulator fails."""
        is_s3 = self._is_s3(request.path, request.headers)
        try:
            self._check(request, chunked="aws-chunked" if is_s3 else "")
            return await (self._answer_s3(request) if is_s3 else self._answer(request))
        except LambdaApiError as error:
            return refusal(error)
        except Exception as error:
            _log.exception("%s %s failed in the emulator", request.method, request.path)
            return refusal(service_failure(f"The emulator failed: {type(error).__name__}: {error}"))

    def _is_s3(self, path: str, headers: dict[bytes, bytes]) -> bool:
        return not path.startswith(_OTHERS) and self._s3.is_meant(path, headers)

    async def _answer_s3(self, request: Request) -> Response:
        if self._region is None or self._s3.is_object(request):
            return self._s3.handle(request)
        return await self._region.handle(request)

    async def _answer(self, request: Request) -> Response:
        path = request.path
        if self._lambda_api is not None and self._lambda_api.is_meant(path):
            return await self._lambda_api.handle(request)
        if path.startswith(FUNCTIONS_PATH):
            return await self._functions.handle(request)
        if path.startswith(MAPPINGS_PATH):
            return Response(*await self._mappings.handle(request.method, path, request.query, request.body))
        if path == STATUS_PATH and request.method == "GET":
            return json_response(self._status.report())
        if path == INVOCATIONS_PATH and request.method == "GET":
            return json_response(self._status.invocations())
        if path.startswith(REQUEUE_PATH) and request.method == "PUT":
            return self._requeue_by(path.removeprefix(REQUEUE_PATH))
        if path.startswith(debug_api.PATH):
            return await self._debug.handle(request)
        if path.startswith(memory_api.PATH):
            return self._memory.handle(request)
        if self._region is not None:
            return await self._region.handle(request)
        target = request.header(b"x-amz-target")
        if target is not None and target.startswith(TARGET_PREFIX):
            return self._secrets.handle(request)
        return unknown_calls.refuse(request, supported=SUPPORTED)

    def _check(self, request: Request, *, chunked: str) -> None:
        """Raise LambdaApiError for what no AWS client sends, but a page that the user happens to read may.

        `chunked` is the content encoding that S3 takes beside none.
        """
        if not self._is_allowed_host(request.headers.get(b"host")):
            names = ", ".join((*NAMES, *self._allowed_hosts))
            raise misdirected_request(f"The emulator is called by an address, {names}; --allowed-host adds a name.")
        if b"origin" in request.headers or b"sec-fetch-site" in request.headers:
            raise access_denied("Not for browsers.")
        if (request.header(b"content-encoding") or "identity") not in ("identity", chunked):
            raise unsupported_media_type("A compressed request body is not read: send it without Content-Encoding.")

    def _requeue_by(self, method: str) -> Response:
        for known in get_args(RequeueMethod):
            if method == known:
                self._mappings.requeue_by(known)
                return json_response({"requeue": method})
        return json_response({"Message": f"requeue is one of {', '.join(get_args(RequeueMethod))}"}, 400)
