"""Asynchronous invocations: how often and when they are tried."""

import asyncio

import pytest

from localregion.aws.http.errors import TooManyRequestsError
from localregion.aws.lambda_.event_invocations import Event, EventInvocations, RetryDelays
from localregion.aws.lambda_.service import InvokeResult


class FakeLambda:
    """Ends invocations as told: `fail`, `throttle`, and `succeed` once nothing is left."""

    def __init__(self, *endings: str) -> None:
        self.endings = list(endings)
        self.request_ids: list[str] = []

    async def invoke(self, function_name: str, payload: bytes, *, request_id: str, **_: object) -> InvokeResult:
        self.request_ids.append(request_id)
        ending = self.endings.pop(0) if self.endings else "succeed"
        if ending == "throttle":
            raise TooManyRequestsError("ReservedFunctionConcurrentInvocationLimitExceeded")
        return InvokeResult(200, payload, "Unhandled" if ending == "fail" else None, request_id, "1", b"")


def attempts(*endings: str) -> FakeLambda:
    service = FakeLambda(*endings)

    async def run() -> None:
        events = EventInvocations(service, RetryDelays(function_error_s=(0.001, 0.002), throttled_s=0.001))
        events.submit(Event("f", b"{}"))
        while events.pending:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(run(), 10))
    return service


def test_an_event_that_succeeds_runs_once():
    assert len(attempts().request_ids) == 1


def test_a_failing_event_is_tried_twice_more_under_the_same_request_id():
    service = attempts("fail", "fail", "fail", "fail")
    assert len(service.request_ids) == 3
    assert len(set(service.request_ids)) == 1


def test_a_throttled_event_waits_and_uses_no_attempt_up():
    assert len(attempts("throttle", "throttle", "fail", "throttle", "fail").request_ids) == 6


@pytest.mark.parametrize("endings", [("fail",), ("fail", "fail")])
def test_a_success_ends_the_retries(endings):
    assert len(attempts(*endings).request_ids) == len(endings) + 1
