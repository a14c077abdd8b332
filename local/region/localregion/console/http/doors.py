"""Who may talk to the console: programs of this machine and its own page, by the address that it listens on.

A page of another site cannot use it through the user's browser: a name that was rebound to 127.0.0.1 is no known Host,
a foreign Origin is refused, and no form can send `application/json`.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from localregion.console.http.answers import SECURITY_HEADERS, ProblemError, problem
from localregion.console.sources.remembered import SourceDownError

_NAMES = ("127.0.0.1", "localhost")


def check(request: web.Request, port: int) -> None:
    """Raises ProblemError for a Host, Origin or Content-Type that no program here sends."""
    hosts = [f"{name}:{port}" for name in _NAMES]
    if request.headers.getall("Host", []) not in [[host] for host in hosts]:
        raise ProblemError(421, f"the console answers to {' and '.join(hosts)} only")
    origins = request.headers.getall("Origin", [])
    if origins and origins not in [[f"http://{host}"] for host in hosts]:
        raise ProblemError(403, "not for pages of other sites")
    # A link to the page may stand anywhere.
    comes_from = request.headers.get("Sec-Fetch-Site", "none")
    if comes_from not in ("none", "same-origin") and (request.method != "GET" or request.path.startswith("/api/")):
        raise ProblemError(403, "not for pages of other sites")
    if request.method == "POST" and request.content_type != "application/json":
        raise ProblemError(415, _wanted(request))


def _wanted(request: web.Request) -> str:
    if request.content_type in ("application/x-protobuf", "application/protobuf"):
        return "the console reads OTLP as JSON: OTEL_EXPORTER_OTLP_PROTOCOL=http/json, Content-Type: application/json"
    return "Content-Type must be application/json"


def middleware(port: int) -> Middleware:
    """Return what stands before every handler: checks, problems instead of stack traces, headers."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check(request, port)
            response = await handler(request)
        except ProblemError as error:
            response = problem(error.status, error.detail)
        except SourceDownError as error:
            response = problem(503, str(error))
        except web.HTTPException as error:
            response = problem(error.status, error.text or error.reason)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        response.headers.update(SECURITY_HEADERS)
        return response

    return guarded
