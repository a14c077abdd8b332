"""aws-lambda: the request becomes an event, the Invoke API runs the function, its answer is the client's.

Every form of the event and of the response is supported; assumed roles, vault references and a proxy are refused.
Credentials and region are the configuration's, or the environment's; without any the call is not signed, because the
emulator does not check signatures, where Kong would ask the instance for its role.
Protocol: https://docs.konghq.com/hub/kong-inc/aws-lambda/, as recorded in `tests/events/kong/aws_lambda_*.json`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.host_field import host_error
from localregion.kong.config.schema import NOT_SUPPORTED, ConfigurationError, Errors, Field
from localregion.kong.lambda_.event import build_event
from localregion.kong.lambda_.invoke_client import InvokeCall, invoke_call
from localregion.kong.lambda_.response import InvokeAnswer, InvokeError, payload_response, proxy_response
from localregion.kong.lambda_.sigv4 import Credentials
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.errors import UNEXPECTED, error_response
from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.forwarded_request import Forwarding, build_forwarded

_LOG = logging.getLogger("gateway.aws-lambda")

# The largest body that Kong keeps in memory when it comes in one write with its headers, with 8 KiB buffers.
BUFFERED_BODY_MAX = 11_161
BUFFERED_CHUNKED_BODY_MAX = 9_081


def _no_vault(value: str) -> str | None:
    return f"a vault reference is {NOT_SUPPORTED}" if value.startswith("{vault://") else None


def _boolean(default: bool) -> Field:
    return Field(kind="boolean", default=default)


FIELDS = {
    "timeout": Field(kind="number", default=60_000),
    "keepalive": Field(kind="number", default=60_000, only=(60_000,)),
    "aws_key": Field(kind="string", check=_no_vault),
    "aws_secret": Field(kind="string", check=_no_vault),
    "aws_assume_role_arn": Field(kind="string", refused=True),
    "aws_role_session_name": Field(kind="string", default="kong"),
    "aws_sts_endpoint_url": Field(kind="string", refused=True),
    "aws_region": Field(kind="string", check=host_error),
    "function_name": Field(kind="string"),
    "qualifier": Field(kind="string"),
    "invocation_type": Field(kind="string", default="RequestResponse", one_of=("RequestResponse", "Event", "DryRun")),
    "log_type": Field(kind="string", default="Tail", one_of=("Tail", "None")),
    "host": Field(kind="string", check=host_error),
    "port": Field(kind="integer", default=443, between=(0, 65535)),
    "disable_https": _boolean(False),
    "unhandled_status": Field(kind="integer", between=(100, 999)),
    "forward_request_method": _boolean(False),
    "forward_request_uri": _boolean(False),
    "forward_request_headers": _boolean(False),
    "forward_request_body": _boolean(False),
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
    needed: Errors = {}
    if config["function_name"] is None:
        needed["function_name"] = "required by the embedded gateway"
    return {"config": needed} if needed else {}


def _entity(message: str) -> Errors:
    return {"@entity": {1: message}}


class AwsLambda:
    """One configuration of the plugin."""

    def __init__(self, config: dict[str, Any], surroundings: Surroundings) -> None:
        self._client = surroundings.invoke_client
        self._call = _call(config, _credentials(config, surroundings.environ))
        self._config = config
        self._forwarding = Forwarding(
            method=config["forward_request_method"],
            uri=config["forward_request_uri"],
            headers=config["forward_request_headers"],
            body=config["forward_request_body"],
            base64_encode_body=config["base64_encode_body"],
        )

    async def access(self, exchange: Exchange) -> Response:
        event = self._event(exchange, await exchange.body())
        called_ns = time.perf_counter_ns()
        try:
            try:
                answer = await self._client.invoke(self._call, event)
            finally:
                exchange.waited_ns += time.perf_counter_ns() - called_ns
            return self._response(answer)
        except InvokeError as error:
            _LOG.error("[aws-lambda] %s, request_id: %s", error, exchange.request_id)
            return error_response(exchange, 500, UNEXPECTED)

    def _event(self, exchange: Exchange, body: bytes) -> bytes:
        is_buffered = len(body) > _buffered_max(exchange)
        is_lost = is_buffered and self._config["skip_large_bodies"]
        if is_lost:
            _LOG.error("request body was buffered to disk, too large: request_id %s", exchange.request_id)
        if self._config["awsgateway_compatible"]:
            encodes = self._config["base64_encode_body"]
            return build_event(exchange, b"" if is_lost else body, base64_encode_body=encodes, now=time.time())
        return build_forwarded(exchange, None if is_lost else body, self._forwarding, is_buffered=is_buffered)

    def _response(self, answer: InvokeAnswer) -> Response:
        if self._config["is_proxy_integration"]:
            return proxy_response(answer)
        return payload_response(
            answer,
            unhandled_status=self._config["unhandled_status"],
            keeps_empty_arrays=self._config["empty_arrays_mode"] == "correct",
        )


def _buffered_max(exchange: Exchange) -> int:
    return BUFFERED_CHUNKED_BODY_MAX if exchange.header("transfer-encoding") else BUFFERED_BODY_MAX


def _credentials(config: dict[str, Any], environ: Mapping[str, str]) -> Credentials | None:
    region = config["aws_region"] or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if config["aws_key"] is not None:
        key, secret, token = config["aws_key"], config["aws_secret"], None
    else:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        key, secret, token = (environ.get(name) for name in names)
    if not key or not secret:
        return None
    if not region:
        raise ConfigurationError("aws-lambda: 'aws_region' is required by the embedded gateway, with credentials")
    return Credentials(access_key_id=key, secret_access_key=secret, region=region, session_token=token)


def _call(config: dict[str, Any], credentials: Credentials | None) -> InvokeCall:
    if config["host"] is None:
        # AWS's own endpoint needs credentials, which this gateway does not look for.
        raise ConfigurationError("aws-lambda: 'host' is required by the embedded gateway, or --aws-port")
    return invoke_call(
        address=(config["host"], config["port"], config["disable_https"]),
        function=config["function_name"],
        qualifier=config["qualifier"],
        timeout_ms=config["timeout"],
        invocation_type=config["invocation_type"],
        log_type=config["log_type"],
        credentials=credentials,
    )


def _create(configuration: PluginConfiguration, surroundings: Surroundings) -> Plugin:
    return Plugin(access=AwsLambda(configuration.config, surroundings).access)


PLUGIN = PluginType(name="aws-lambda", priority=750, fields=FIELDS, create=_create, rules=_rules)
