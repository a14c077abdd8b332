"""Lambda's own failure payloads, byte for byte as recorded."""

import signal

from localregion.aws.lambda_.environments import failure_payloads


def test_a_timeout_names_the_request_and_the_seconds():
    assert failure_payloads.timed_out("r-1", 1) == (
        b'{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 1.00 seconds"}'
    )


def test_an_exit_without_a_code_has_no_reason():
    assert failure_payloads.exited("r-1", 0) == (
        b'{"errorType":"Runtime.ExitError",'
        b'"errorMessage":"RequestId: r-1 Error: Runtime exited without providing a reason"}'
    )


def test_an_exit_with_a_code_names_it():
    assert failure_payloads.exit_reason(127) == "Runtime exited with error: exit status 127"


def test_a_signal_is_named_in_lower_case():
    assert failure_payloads.exit_reason(-signal.SIGKILL) == "Runtime exited with error: signal: killed"
    assert failure_payloads.exit_reason(-signal.SIGSEGV) == "Runtime exited with error: signal: segmentation fault"


def test_a_response_that_is_too_large_is_named_with_the_limit():
    assert b"exceeded maximum allowed payload size (6291556 bytes)." in failure_payloads.response_too_large()
