"""W3C Trace Context: what is taken from headers, what is not, and what goes on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED

from tracing import TraceContext, context_of, is_traceparent, parse

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


def test_a_context_is_read_and_written_as_it_came() -> None:
    headers = {"traceparent": TRACEPARENT, "tracestate": "a=1,b@x=2"}
    context = parse(headers)

    assert context == TraceContext(TRACE, SPAN, 1, "a=1,b@x=2")
    assert context is not None
    assert context.is_sampled
    assert context.headers() == headers


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_the_sampled_flag_is_one_bit(flags: str, is_sampled: bool) -> None:
    context = parse({"traceparent": TRACEPARENT[:-2] + flags})
    assert context is not None
    assert context.is_sampled is is_sampled
    assert context.headers() == {"traceparent": TRACEPARENT[:-2] + flags}


@pytest.mark.parametrize(
    "traceparent",
    [
        *("", "00", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01"),
        *(TRACEPARENT.upper(), f"{TRACEPARENT}-more", f" {TRACEPARENT}", f"{TRACEPARENT}\n", TRACEPARENT[:-1]),
        *(None, 7, ["x"], {"bytes": [48]}),
    ],
)
def test_a_malformed_traceparent_is_none(traceparent: Any) -> None:
    assert parse({"traceparent": traceparent}) is None
    assert not (isinstance(traceparent, str) and is_traceparent(traceparent, context_of(traceparent)))


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    context = parse({"traceparent": f"cc-{TRACE}-{SPAN}-01-what-comes-then"})
    assert context is not None
    assert context.headers() == {"traceparent": TRACEPARENT}


def test_a_context_is_kept_as_text_without_what_a_later_version_adds() -> None:
    assert is_traceparent(TRACEPARENT, context_of(TRACEPARENT))
    assert is_traceparent(f"cc{TRACEPARENT[2:]}", context_of(f"cc{TRACEPARENT[2:]}"))
    assert not is_traceparent(
        f"cc{TRACEPARENT[2:]}-what-comes-then", context_of(f"cc{TRACEPARENT[2:]}-what-comes-then")
    )


@pytest.mark.parametrize("headers", [None, {}, {"tracestate": "a=1"}, "text", [1]])
def test_without_a_traceparent_there_is_no_context(headers: Any) -> None:
    assert parse(headers) is None


@pytest.mark.parametrize("tracestate", ["no member", "A=1", "a=1,,b=\x00", "a=é", "a=" + "x" * 511, 7, None])
def test_a_malformed_tracestate_is_left_out(tracestate: Any) -> None:
    assert parse({"traceparent": TRACEPARENT, "tracestate": tracestate}) == TraceContext(TRACE, SPAN, 1, "")


@BOUNDED
@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate"]), st.text(max_size=80) | st.integers()))
def test_whatever_comes_nothing_is_raised(headers: dict[str, Any]) -> None:
    parse(headers)
