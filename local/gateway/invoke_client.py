"""Call Lambda's Invoke API over HTTP, on connections that stay open.

Exactly one attempt per request, whatever fails: a second one could run the function twice. `timeout` bounds connecting
and every wait for bytes, as in Kong. Certificates are not verified, as in Kong.
Protocol: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import aiohttp
from yarl import URL

from gateway.lambda_response import InvokeAnswer, InvokeError
from gateway.sigv4 import SESSION_HEADER, Credentials, authorization

# For parity: what Kong's HTTP library calls itself.
_USER_AGENT = "lua-resty-http/0.17.2 (Lua) ngx_lua/10026"
_UNSENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True, kw_only=True)
class InvokeCall:
    """What is the same in every call of one plugin configuration."""

    host: str
    path: str
    query: str
    url: URL
    timeout: aiohttp.ClientTimeout
    headers: dict[str, str]
    credentials: Credentials | None


def invoke_call(
    *,
    address: tuple[str, int, bool],
    function: str,
    qualifier: str | None,
    timeout_ms: float,
    invocation_type: str,
    log_type: str,
    credentials: Credentials | None,
) -> InvokeCall:
    """Prepare calls of one function; `address` is host, port and whether it speaks plain HTTP."""
    host, port, plain = address
    host = f"{host}:{port}"
    path = f"/2015-03-31/functions/{function}/invocations"
    query = f"Qualifier={qualifier}" if qualifier else ""
    scheme = "http" if plain else "https"
    wait_s = timeout_ms / 1000
    return InvokeCall(
        host=host,
        path=path,
        query=query,
        url=URL(f"{scheme}://{host}{path}{'?' if query else ''}{query}", encoded=True),
        timeout=aiohttp.ClientTimeout(total=None, connect=wait_s, sock_connect=wait_s, sock_read=wait_s),
        headers={
            "Host": host,
            "User-Agent": _USER_AGENT,
            "X-Amz-Invocation-Type": invocation_type,
            "X-Amz-Log-Type": log_type,
        },
        credentials=credentials,
    )


class InvokeClient:
    """The gateway's pool of connections to the Invoke API. Made inside the event loop, closed at the end."""

    def __init__(self, *, keepalive_s: float = 60) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=keepalive_s, ssl=False),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_UNSENT,
        )

    async def invoke(self, call: InvokeCall, payload: bytes) -> InvokeAnswer:
        """Raises InvokeError when there is no complete answer in time."""
        try:
            async with self._session.post(
                call.url, data=payload, headers=_headers(call, payload), timeout=call.timeout, allow_redirects=False
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise InvokeError(f"{type(error).__name__}: {error}") from error
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
        return InvokeAnswer(response.status, headers, body)

    async def close(self) -> None:
        await self._session.close()


def _headers(call: InvokeCall, payload: bytes) -> dict[str, str]:
    headers = {
        **call.headers,
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        "Content-Length": str(len(payload)),
    }
    if call.credentials is not None:
        if call.credentials.session_token:
            headers[SESSION_HEADER] = call.credentials.session_token
        headers["Authorization"] = authorization(
            call.credentials,
            path=call.path,
            query=call.query,
            headers={name.lower(): value for name, value in headers.items()},
            payload=payload,
            amz_date=headers["X-Amz-Date"],
        )
    return headers
