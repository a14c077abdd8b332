"""The Runtime API over real sockets: order of calls, and what is refused out of order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
from tests.plain_http import NO_TLS

from localregion.aws.lambda_.environments.runtime_api import Invocation, RuntimeApi

INVOCATION = Invocation("r-1", b'{"a": 1}', "arn:aws:lambda:us-east-1:000000000000:function:f", "Root=1-2-3")


class Heard:
    """Remembers what the runtime reported."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, bytes]] = []
        self.is_ready = asyncio.Event()

    def ready(self) -> None:
        self.is_ready.set()

    def responded(self, payload: bytes) -> None:
        self.reports.append(("responded", payload))

    def response_too_large(self) -> None:
        self.reports.append(("response_too_large", b""))

    def failed(self, payload: bytes) -> None:
        self.reports.append(("failed", payload))

    def init_failed(self, payload: bytes) -> None:
        self.reports.append(("init_failed", payload))


def with_runtime_api(test: Callable[[RuntimeApi, Heard, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        heard = Heard()
        api = RuntimeApi(heard)
        base_url = f"http://{await api.start()}/2018-06-01/runtime"
        async with httpx.AsyncClient(base_url=base_url, verify=NO_TLS) as client:
            await test(api, heard, client)
        api.close()

    asyncio.run(run())


async def begin(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> httpx.Response:
    poll = asyncio.create_task(client.get("/invocation/next"))
    await heard.is_ready.wait()
    api.offer(INVOCATION, 1_700_000_000_000)
    return await poll


def test_an_invocation_is_delivered_and_answered():
    async def test(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> None:
        delivered = await begin(api, heard, client)
        assert delivered.content == INVOCATION.payload
        assert delivered.headers["Lambda-Runtime-Aws-Request-Id"] == "r-1"
        assert delivered.headers["Lambda-Runtime-Deadline-Ms"] == "1700000000000"
        assert delivered.headers["Lambda-Runtime-Invoked-Function-Arn"] == INVOCATION.function_arn
        assert delivered.headers["Lambda-Runtime-Trace-Id"] == "Root=1-2-3"
        assert "Lambda-Runtime-Client-Context" not in delivered.headers
        answered = await client.post("/invocation/r-1/response", content=b"[1]")
        assert (answered.status_code, answered.json()) == (202, {"status": "OK"})
        assert heard.reports == [("responded", b"[1]")]

    with_runtime_api(test)


def test_an_error_of_the_function_is_passed_on():
    async def test(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> None:
        await begin(api, heard, client)
        assert (await client.post("/invocation/r-1/error", content=b"{}")).status_code == 202
        assert heard.reports == [("failed", b"{}")]

    with_runtime_api(test)


def test_another_request_id_is_refused():
    async def test(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> None:
        await begin(api, heard, client)
        refused = await client.post("/invocation/r-2/response", content=b"[1]")
        assert (refused.status_code, refused.json()["errorType"]) == (400, "InvalidRequestID")
        assert heard.reports == []

    with_runtime_api(test)


def test_a_second_answer_is_refused():
    async def test(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> None:
        await begin(api, heard, client)
        await client.post("/invocation/r-1/response", content=b"[1]")
        refused = await client.post("/invocation/r-1/response", content=b"[2]")
        assert (refused.status_code, refused.json()["errorType"]) == (403, "InvalidStateTransition")
        assert heard.reports == [("responded", b"[1]")]

    with_runtime_api(test)


def test_a_response_over_the_limit_is_refused():
    async def test(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> None:
        await begin(api, heard, client)
        refused = await client.post("/invocation/r-1/response", content=b"x" * 6_291_557)
        assert (refused.status_code, refused.json()["errorType"]) == (413, "RequestEntityTooLarge")
        assert json.loads(refused.content)["errorMessage"].endswith("(6291556 bytes).")
        assert heard.reports == [("response_too_large", b"")]

    with_runtime_api(test)


def test_an_initialisation_error_is_possible_only_before_the_first_next():
    async def test(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> None:
        assert (await client.post("/init/error", content=b'{"errorType": "X"}')).status_code == 202
        refused = await client.post("/init/error", content=b"{}")
        assert (refused.status_code, refused.json()["errorType"]) == (403, "InvalidStateTransition")
        assert heard.reports == [("init_failed", b'{"errorType": "X"}')]

    with_runtime_api(test)


def test_what_is_not_emulated_is_not_found():
    async def test(api: RuntimeApi, heard: Heard, client: httpx.AsyncClient) -> None:
        assert (await client.get("/restore/next")).status_code == 404
        assert (await client.post("/invocation/r-1/stream", content=b"")).status_code == 404

    with_runtime_api(test)
