"""aws-lambda: the request becomes an event, the Invoke API runs the function, its answer is the client's.

Supported is the API Gateway form (`awsgateway_compatible` with `is_proxy_integration`); the forwarding modes, other
invocation types, assumed roles and a proxy are refused. Kong's credentials from its environment have no counterpart:
without `aws_key` the call is not signed, because the emulator does not check signatures.
Protocol: https://docs.konghq.com/hub/kong-inc/aws-lambda/, as recorded in `tests/events/kong/aws_lambda_*.json`.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from gateway.errors import UNEXPECTED, error_response
from gateway.exchange import Exchange, Response
from gateway.invoke_client import InvokeCall, InvokeClient, invoke_call
from gateway.lambda_event import build_event
from gateway.lambda_response import InvokeError, proxy_response
from gateway.plugin import PluginType, Surroundings
from gateway.schema import NOT_SUPPORTED, ConfigurationError, Errors, Field
from gateway.sigv4 import Credentials

_LOG = logging.getLogger("gateway.aws-lambda")

# The largest body that Kong keeps in memory when it comes in one write with its headers, with 8 KiB buffers.
BUFFERED_BODY_MAX = 11_161
BUFFERED_CHUNKED_BODY_MAX = 9_081


def _host(value: str) -> str | None:
    if "://" in value:
        return "must not have a scheme"
    return "must not have a port" if ":" in value else None


def _no_vault(value: str) -> str | None:
    return f"a vault reference is {NOT_SUPPORTED}" if value.startswith("{vault://") else None


def _boolean(default: bool, *only: bool) -> Field:
    return Field(kind="boolean", default=default, only=only or None)


FIELDS = {
    "timeout": Field(kind="number", default=60_000),
    "keepalive": Field(kind="number", default=60_000, only=(60_000,)),
    "aws_key": Field(kind="string", check=_no_vault),
    "aws_secret": Field(kind="string", check=_no_vault),
    "aws_assume_role_arn": Field(kind="string", refused=True),
    "aws_role_session_name": Field(kind="string", default="kong"),
    "aws_sts_endpoint_url": Field(kind="string", refused=True),
    "aws_region": Field(kind="string"),
    "function_name": Field(kind="string"),
    "qualifier": Field(kind="string"),
    "invocation_type": Field(
        kind="string",
        default="RequestResponse",
        one_of=("RequestResponse", "Event", "DryRun"),
        only=("RequestResponse",),
    ),
    "log_type": Field(kind="string", default="Tail", one_of=("Tail", "None")),
    "host": Field(kind="string", check=_host),
    "port": Field(kind="integer", default=443, between=(0, 65535)),
    "disable_https": _boolean(False),
    "unhandled_status": Field(kind="integer", between=(100, 999)),
    "forward_request_method": _boolean(False, False),
    "forward_request_uri": _boolean(False, False),
    "forward_request_headers": _boolean(False, False),
    "forward_request_body": _boolean(False, False),
    "is_proxy_integration": _boolean(False),
    "awsgateway_compatible": _boolean(False),
    "proxy_url": Field(kind="string"),
    "skip_large_bodies": _boolean(True),
    "base64_encode_body": _boolean(True),
    "aws_imds_protocol_version": Field(kind="string", default="v1", one_of=("v1", "v2")),
    "empty_arrays_mode": Field(kind="string", default="legacy", one_of=("legacy", "correct")),
}


def _rules(config: dict[str, Any]) -> Errors:
    """Kong's rules first: with one of those broken, what the embedded gateway asks for is left out."""
    if (config["aws_key"] is None) != (config["aws_secret"] is None):
        return _entity("all or none of these fields must be set: 'config.aws_key', 'config.aws_secret'")
    if config["proxy_url"] is not None:
        return (
            _entity("proxy_url scheme must be http")
            if not config["proxy_url"].startswith("http:")
            else {"config": {"proxy_url": NOT_SUPPORTED}}
        )
    needed: Errors = {
        name: "only true is supported by the embedded gateway"
        for name in ("is_proxy_integration", "awsgateway_compatible")
        if not config[name]
    }
    if config["function_name"] is None:
        needed["function_name"] = "required by the embedded gateway"
    if config["aws_key"] is not None and config["aws_region"] is None:
        needed["aws_region"] = "required by the embedded gateway, with 'aws_key'"
    return {"config": needed} if needed else {}


def _entity(message: str) -> Errors:
    return {"@entity": {1: message}}


class AwsLambda:
    """One configuration of the plugin."""

    def __init__(self, config: dict[str, Any], client: InvokeClient) -> None:
        self._client = client
        self._call = _call(config)
        self._skip_large_bodies = config["skip_large_bodies"]
        self._base64_encode_body = config["base64_encode_body"]

    async def access(self, exchange: Exchange) -> Response:
        body = await exchange.body()
        if self._skip_large_bodies and len(body) > _buffered_max(exchange):
            _LOG.error("request body was buffered to disk, too large: request_id %s", exchange.request_id)
            body = b""
        event = build_event(exchange, body, base64_encode_body=self._base64_encode_body, now=time.time())
        called_ns = time.perf_counter_ns()
        try:
            try:
                answer = await self._client.invoke(self._call, event)
            finally:
                exchange.waited_ns += time.perf_counter_ns() - called_ns
            return proxy_response(answer)
        except InvokeError as error:
            _LOG.error("[aws-lambda] %s, request_id: %s", error, exchange.request_id)
            return error_response(exchange, 500, UNEXPECTED)


def _buffered_max(exchange: Exchange) -> int:
    return BUFFERED_CHUNKED_BODY_MAX if exchange.header("transfer-encoding") else BUFFERED_BODY_MAX


def _call(config: dict[str, Any]) -> InvokeCall:
    if config["host"] is None:
        # AWS's own endpoint needs credentials, which this gateway does not look for.
        raise ConfigurationError("aws-lambda: 'host' is required by the embedded gateway, or --aws-port")
    key = config["aws_key"]
    return invoke_call(
        address=(config["host"], config["port"], config["disable_https"]),
        function=config["function_name"],
        qualifier=config["qualifier"],
        timeout_ms=config["timeout"],
        log_type=config["log_type"],
        credentials=Credentials(access_key_id=key, secret_access_key=config["aws_secret"], region=config["aws_region"])
        if key
        else None,
    )


def _create(config: dict[str, Any], surroundings: Surroundings) -> AwsLambda:
    return AwsLambda(config, surroundings.invoke_client)


PLUGIN = PluginType(name="aws-lambda", priority=750, fields=FIELDS, create=_create, rules=_rules)
