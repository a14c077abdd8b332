"""The Invoke API: what Kong's aws-lambda plugin and every AWS SDK call.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: RequestResponse, Event and DryRun, qualifiers, log
tail, client context, and AWS's refusals. The payload passes through unchanged in both directions. Left out:
signatures and permissions, response streaming, tenants, durable executions.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

from localregion.aws.http.errors import invalid_parameter_value, invalid_request_content, payload_too_large
from localregion.aws.http.exchange import Request, Response
from localregion.aws.lambda_.environments.trace_header import trace_id_for
from localregion.aws.lambda_.event_invocations import Event, EventInvocations
from localregion.aws.lambda_.service import ASYNC_PAYLOAD_MAX, SYNC_PAYLOAD_MAX, InvokeResult, LambdaService

CLIENT_CONTEXT_MAX = 3583
INVOCATION_TYPES = ("RequestResponse", "Event", "DryRun")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def _parse(text: bytes) -> Any:
    try:
        return _JSON.decode(text.decode())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class InvokeApi:
    """`POST /2015-03-31/functions/{FunctionName}/invocations`."""

    def __init__(self, service: LambdaService, events: EventInvocations) -> None:
        self._service = service
        self._events = events

    async def handle(self, request: Request, function_name: str) -> Response:
        """Answer one call. Raises LambdaApiError for what AWS refuses."""
        qualifier = request.query.get("Qualifier")
        invocation_type = request.header(b"x-amz-invocation-type") or "RequestResponse"
        target = self._service.find(function_name, qualifier)
        _check(request, invocation_type)
        client_context = _client_context(request)
        if invocation_type == "DryRun":
            return Response(204, {"x-amzn-RequestId": str(uuid.uuid4()), "X-Amz-Executed-Version": target.version}, b"")
        if invocation_type == "Event":
            return self._accept_event(request, function_name, qualifier)
        result = await self._service.invoke(
            function_name,
            request.body,
            qualifier=qualifier,
            log_tail=request.headers.get(b"x-amz-log-type") == b"Tail",
            client_context=client_context,
            trace_id=request.header(b"x-amzn-trace-id"),
        )
        return _answer(result)

    def _accept_event(self, request: Request, function_name: str, qualifier: str | None) -> Response:
        trace_id = trace_id_for(request.header(b"x-amzn-trace-id"))
        request_id = self._events.submit(Event(function_name, request.body, qualifier=qualifier, trace_id=trace_id))
        return Response(202, {"x-amzn-RequestId": request_id, "X-Amzn-Trace-Id": trace_id}, b"")


def _check(request: Request, invocation_type: str) -> None:
    if invocation_type not in INVOCATION_TYPES:
        allowed = ", ".join(INVOCATION_TYPES)
        raise invalid_parameter_value(f"Value '{invocation_type}' at 'invocationType' must be one of [{allowed}]")
    limit = ASYNC_PAYLOAD_MAX if invocation_type == "Event" else SYNC_PAYLOAD_MAX
    if request.size > limit:
        raise payload_too_large(request.size, invocation_type=invocation_type, limit=limit)
    if request.body:
        try:
            _parse(request.body)
        except ValueError as error:
            raise invalid_request_content(f"Could not parse request body into json: {error}") from error


def _client_context(request: Request) -> str | None:
    """Return the client context as the runtime gets it: JSON in one line of ASCII."""
    encoded = request.headers.get(b"x-amz-client-context")
    if not encoded:
        return None
    if len(encoded) > CLIENT_CONTEXT_MAX:
        raise invalid_request_content(f"Client context must not be longer than {CLIENT_CONTEXT_MAX} bytes.")
    try:
        context = _parse(base64.b64decode(encoded, validate=True))
        if isinstance(context, dict):
            return json.dumps(context)
    except (ValueError, RecursionError):
        pass
    raise invalid_request_content("Client context must be a valid Base64-encoded JSON object.")


def _answer(result: InvokeResult) -> Response:
    headers = {
        "Content-Type": "application/json",
        "x-amzn-RequestId": result.request_id,
        "X-Amz-Executed-Version": result.executed_version,
        "X-Amzn-Trace-Id": result.trace_id,
    }
    if result.function_error:
        headers["X-Amz-Function-Error"] = result.function_error
    if result.log_tail:
        headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
    return Response(result.status_code, headers, result.payload)
