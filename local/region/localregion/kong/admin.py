"""Kong's Admin API, as far as a configurator needs it: `GET /status` and `POST /config` of a Kong without a database.

A configuration is taken whole or not at all. As in Kong, one that is refused leaves the former at work, and the answer
says what is wrong with it. Here the answer to one that is taken is its hash and not its entities, which hold keys.
The port takes nothing from a web page: no `Origin`, no name but this machine's, no body that a form could send.
Compare kong/api/routes/config.lua and health.lua of Kong 3.9.3. Leaves out `flatten_errors` and `check_hash`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from localregion.kong.config.schema import ConfigurationError
from localregion.kong.config.text import FAILED, unserialize

_LOG = logging.getLogger("gateway.admin")

CONFIGURATION_MAX_BYTES = 64 * 1024 * 1024
# What Kong says while nothing is loaded (DECLARATIVE_EMPTY_CONFIG_HASH).
UNCONFIGURED = "0" * 32
# A load takes less; Kong says how long its lock lasts.
RETRY_AFTER_S = 1
# ERRORS.DECLARATIVE_CONFIG in kong/db/errors.lua.
_INVALID = {"code": 14, "name": "invalid declarative configuration"}
_NAMES = ("127.0.0.1", "localhost")

# Returns once requests are answered by the configuration.
Load = Callable[[Callable[[], Any]], Awaitable[None]]


class AdminApi:
    """The API in front of `load`, which gets what reads the posted configuration and raises ConfigurationError."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._hash = UNCONFIGURED
        self._is_loading = False

    def application(self) -> web.Application:
        application = web.Application(client_max_size=CONFIGURATION_MAX_BYTES, middlewares=[_safe, _as_json])
        application.router.add_get("/status", self._status)
        application.router.add_post("/config", self._config)
        return application

    async def _status(self, _request: web.Request) -> web.Response:
        return web.json_response({"configuration_hash": self._hash})

    async def _config(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > CONFIGURATION_MAX_BYTES:
            raise web.HTTPRequestEntityTooLarge(CONFIGURATION_MAX_BYTES, request.content_length or 0)
        body = await request.read()
        if self._is_loading:
            busy = {"message": "Currently loading previous configuration"}
            return web.json_response(busy, status=429, headers={"Retry-After": str(RETRY_AFTER_S)})
        self._is_loading = True
        try:
            digest = await asyncio.to_thread(_digest, body)
            await self._load(lambda: posted(body))
        except ConfigurationError as error:
            return web.json_response(_refusal(error), status=400)
        finally:
            self._is_loading = False
        self._hash = digest
        return web.json_response({"configuration_hash": digest}, status=201)


def _digest(body: bytes) -> str:
    """Return Kong's kind of hash: it tells configurations apart and protects nothing."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


class UnreadableError(ConfigurationError):
    """What was posted is no JSON."""


def _refusal(error: ConfigurationError) -> dict[str, Any]:
    if isinstance(error, UnreadableError):
        return {"message": str(error)}
    return _INVALID | {"message": f"declarative config is invalid: {str(error).removeprefix(FAILED)}"}


def posted(body: bytes) -> Any:
    """Return the configuration that a body holds: the object itself, or the text in its `config`.

    Raises ConfigurationError.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("Cannot parse JSON body") from error
    if isinstance(data, dict) and "_format_version" not in data and isinstance(data.get("config"), str):
        return unserialize(data["config"])
    return data


@web.middleware
async def _as_json(request: web.Request, handler: Callable[[web.Request], Awaitable[Any]]) -> Any:
    """Give aiohttp's own answers, and those to a failure of ours, the form of Kong's."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        message = "Payload too large" if error.status == 413 else error.reason
        return web.json_response({"message": message}, status=error.status)
    except Exception:
        _LOG.exception("unexpected error")
        return web.json_response({"message": "An unexpected error occurred"}, status=500)


@web.middleware
async def _safe(request: web.Request, handler: Callable[[web.Request], Awaitable[Any]]) -> Any:
    """Refuse what a page in a browser on this machine could send, or could read under a name of its own."""
    if "Origin" in request.headers or request.headers.get("Host", "").partition(":")[0].lower() not in _NAMES:
        return web.json_response({"message": "the Admin API takes no requests of web pages"}, status=403)
    if request.method == "POST" and request.content_type != "application/json":
        return web.json_response({"message": "expected Content-Type: application/json"}, status=415)
    return await handler(request)
