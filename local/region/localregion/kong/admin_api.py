"""As much of Kong's Admin API as configures a Kong without a database: `GET /status` and `POST /config`.

Answers are those of Kong 3.9 (kong/api/routes/config.lua, health.lua): 201 once a configuration is in force, 400 with
the reason for one that cannot be used, 429 while another one is being loaded. No page that the user happens to read may
configure the gateway: a browser says where it comes from, and asks before it posts JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import yaml
from aiohttp import web

from localregion.aws.http.hosts import host_check
from localregion.kong.config.schema import ConfigurationError

BODY_MAX = 64 * 2**20
# Of a Kong that has none yet.
NO_CONFIGURATION = "0" * 32
_JSON = "application/json"


class AdminApi:
    """Hands each declarative configuration to `load`, one after the other."""

    def __init__(self, load: Callable[[Any], Awaitable[None]]) -> None:
        self._load = load
        self._hash = NO_CONFIGURATION
        self._is_loading = False
        self._is_allowed_host = host_check(())

    def application(self) -> web.Application:
        """Return what serves it."""
        application = web.Application(client_max_size=BODY_MAX, middlewares=[self._refuse_browsers])
        application.router.add_get("/status", self._status)
        application.router.add_post("/config", self._config)
        return application

    @web.middleware
    async def _refuse_browsers(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        host = request.headers.get("Host", "").encode("latin-1")
        if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers or not self._is_allowed_host(host):
            return _answer(403, {"message": "Not for browsers"})
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return _answer(413, {"message": "request body too large"})
        except web.HTTPException as error:
            return _answer(error.status, {"message": "Not found" if error.status == 404 else error.reason})

    async def _status(self, _request: web.Request) -> web.Response:
        return _answer(200, {"configuration_hash": self._hash})

    async def _config(self, request: web.Request) -> web.Response:
        if request.content_type != _JSON:
            return _answer(415, {"message": f"the configuration is {_JSON}"})
        text = await request.read()
        if self._is_loading:
            message = {"message": "Currently loading previous configuration"}
            return _answer(429, message, headers={"Retry-After": "1"})
        self._is_loading = True
        try:
            await self._load(_declared(text))
        except ConfigurationError as error:
            return _answer(400, {"message": f"declarative config is invalid: {error}"})
        finally:
            self._is_loading = False
        self._hash = hashlib.md5(text, usedforsecurity=False).hexdigest()
        return _answer(201, {"configuration_hash": self._hash})


def _declared(text: bytes) -> Any:
    """Return the configuration of a body: it itself, or a text in its field `config`. Raises ConfigurationError."""
    try:
        document = json.loads(text)
        if isinstance(document, dict) and "_format_version" not in document and isinstance(document.get("config"), str):
            document = yaml.load(document["config"], Loader=yaml.CSafeLoader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigurationError("failed parsing declarative configuration") from error
    if not isinstance(document, dict):
        raise ConfigurationError("expected a declarative configuration")
    return document


def _answer(status: int, document: dict[str, Any], *, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(document, status=status, headers=headers)
