"""Call Lambda's Invoke API over HTTP, on connections that stay open.

Exactly one attempt per request, even if it fails: a second one could run the function twice. `timeout` bounds
connecting and every wait for bytes, as in Kong. Certificates are not verified, as in Kong.
Protocol: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

from localregion.kong.http_client import HttpClient, Server, Timeouts
from localregion.kong.http_connection import HttpClientError
from localregion.kong.lambda_.response import InvokeAnswer, InvokeError
from localregion.kong.lambda_.sigv4 import SESSION_HEADER, Credentials, authorization

# For parity: what Kong's HTTP library calls itself.
_USER_AGENT = "lua-resty-http/0.17.2 (Lua) ngx_lua/10026"


@dataclass(frozen=True, kw_only=True)
class InvokeCall:
    """What is the same in every call of one plugin configuration."""

    server: Server
    path: str
    query: str
    timeouts: Timeouts
    headers: dict[str, str]
    credentials: Credentials | None

    @functools.cached_property
    def head(self) -> str:
        """The request's first lines."""
        target = f"{self.path}?{self.query}" if self.query else self.path
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "".join(f"{line}\r\n" for line in lines)


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
    wait_s = timeout_ms / 1000
    return InvokeCall(
        server=Server(host, port, is_tls=not plain),
        path=f"/2015-03-31/functions/{function}/invocations",
        query=f"Qualifier={qualifier}" if qualifier else "",
        timeouts=Timeouts(wait_s, wait_s),
        headers={
            "Host": f"{host}:{port}",
            "User-Agent": _USER_AGENT,
            "X-Amz-Invocation-Type": invocation_type,
            "X-Amz-Log-Type": log_type,
        },
        credentials=credentials,
    )


class InvokeClient:
    """The gateway's connections to the Invoke API. Used inside one event loop, closed at the end."""

    def __init__(self, *, keepalive_s: float = 60) -> None:
        self._client = HttpClient(keepalive_s=keepalive_s)

    async def invoke(self, call: InvokeCall, payload: bytes) -> InvokeAnswer:
        """Raises InvokeError when there is no complete answer in time."""
        try:
            answer = await self._client.send(call.server, _request(call, payload), call.timeouts)
        except HttpClientError as error:
            raise InvokeError(str(error)) from error
        return InvokeAnswer(answer.status, answer.headers, answer.body)

    async def close(self) -> None:
        await self._client.close()


def _request(call: InvokeCall, payload: bytes) -> bytes:
    date, length = _amz_date(int(time.time())), str(len(payload))
    head = f"{call.head}X-Amz-Date: {date}\r\nContent-Length: {length}\r\n"
    if call.credentials is not None:
        head += _signature(call, call.credentials, payload, date)
    return f"{head}\r\n".encode("latin-1") + payload


def _signature(call: InvokeCall, credentials: Credentials, payload: bytes, date: str) -> str:
    """Return the lines that sign a call."""
    headers = {name.lower(): value for name, value in call.headers.items()}
    headers |= {"x-amz-date": date, "content-length": str(len(payload))}
    lines = ""
    if credentials.session_token:
        headers[SESSION_HEADER.lower()] = credentials.session_token
        lines = f"{SESSION_HEADER}: {credentials.session_token}\r\n"
    value = authorization(
        credentials, path=call.path, query=call.query, headers=headers, payload=payload, amz_date=date
    )
    return f"{lines}Authorization: {value}\r\n"


@functools.lru_cache(maxsize=1)
def _amz_date(now: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
