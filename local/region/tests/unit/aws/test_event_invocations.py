"""Asynchronous invocations: how often and when they are tried."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from localregion.aws.http.errors import TooManyRequestsError
from localregion.aws.lambda_.event_invocations import Event, EventInvocations, RetryDelays
from localregion.aws.lambda_.service import InvokeResult
from localregion.plan.model import EventInvokeConfig

EVENT = Event("f", b"{}", qualifier="live")


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


def attempts(
    *endings: str, configs: Sequence[EventInvokeConfig] = (), tick_s: float = 0.0, event: Event = EVENT
) -> FakeLambda:
    """Each look at the clock takes `tick_s`."""
    service = FakeLambda(*endings)
    delays = RetryDelays(function_error_s=(0.001, 0.002), throttled_s=0.001)
    ticks = itertools.count()

    async def run() -> None:
        events = EventInvocations(service, delays, configs=configs, clock=lambda: next(ticks) * tick_s)
        events.submit(event)
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


def config(retries: int | None, age_s: int | None = None, qualifier: str | None = "live") -> list[EventInvokeConfig]:
    return [
        EventInvokeConfig(function="f", qualifier=qualifier, maximum_retry_attempts=retries, maximum_event_age_s=age_s)
    ]


@pytest.mark.parametrize(("retries", "invocations"), [(0, 1), (1, 2), (2, 3), (None, 3)])
def test_a_config_says_how_often_a_failing_event_is_retried(retries, invocations):
    assert len(attempts(*["fail"] * 9, configs=config(retries)).request_ids) == invocations


@pytest.mark.parametrize("qualifier", [None, "other"])
def test_a_config_of_another_qualifier_says_nothing(qualifier):
    assert len(attempts(*["fail"] * 9, configs=config(0, qualifier=qualifier)).request_ids) == 3


@pytest.mark.parametrize(
    ("event", "qualifier"),
    [
        (Event("arn:aws:lambda:us-east-1:000000000000:function:f:live", b""), "live"),
        (Event("f", b""), None),
        (Event("f:$LATEST", b""), None),
    ],
)
def test_a_config_is_found_however_the_function_is_named(event, qualifier):
    assert len(attempts(*["fail"] * 9, configs=config(0, qualifier=qualifier), event=event).request_ids) == 1


def test_an_event_is_discarded_at_its_age_however_it_waits():
    # Accepted at 0; at each further look 25 s are over.
    assert len(attempts(*["throttle"] * 9, configs=config(2, 60), tick_s=25.0).request_ids) == 3
    assert len(attempts("fail", "fail", "fail", configs=config(2, 60), tick_s=40.0).request_ids) == 2
    assert len(attempts(*["throttle"] * 9, tick_s=4_000.0).request_ids) == 6
