"""Invocations of real functions through boto3: results, failures as AWS words them, logs, environments."""

from __future__ import annotations

import base64
import re

import httpx
import pytest
from integration.aws.running_emulator import function, invoke, plan_of, wait_until, write_function
from tests.plain_http import NO_TLS

SOURCE = """
import decimal, json, logging, os, signal, sys, time

COUNT = 0

def echo(event, context):
    print("line one")
    logging.getLogger().warning("line two")
    return event

def count(event, context):
    global COUNT
    COUNT += 1
    return COUNT

def describe(event, context):
    try:
        import secretive
        found = True
    except ImportError:
        found = False
    return {
        "environ": dict(os.environ), "cwd": os.getcwd(), "path": sys.path, "finds_other_function": found,
        "arn": context.invoked_function_arn, "version": context.function_version,
        "remaining_ms": context.get_remaining_time_in_millis(), "request_id": context.aws_request_id,
        "client": context.client_context and context.client_context.custom, "hours": time.localtime().tm_gmtoff,
    }

def fail(event, context):
    kind = event["kind"]
    if kind == "exception":
        raise ValueError("Handler fails")
    if kind == "exit":
        sys.exit(event["code"])
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "timeout":
        time.sleep(60)
    if kind == "unserialisable":
        return object()
    if kind == "oversized":
        return "x" * 6_291_555
    if kind == "largest":
        return "x" * 6_291_554
    return COUNT
"""
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def emulator(start_emulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    write_function(folder, "probe", SOURCE)
    write_function(folder, "secretive", "")
    write_function(folder, "broken", "raise KeyError('at import')", module="by_exception")
    write_function(folder, "broken", "import nothing_of_this_name", module="by_import")
    write_function(folder, "broken", "def (", module="by_syntax")
    write_function(folder, "broken", "import sys; sys.exit(7)", module="by_exit")
    functions = [
        function("echo", "probe.handler.echo"),
        function("count", "probe.handler.count"),
        function("describe", "probe.handler.describe", environment={"COLOUR": "blue"}),
        function("fail", "probe.handler.fail"),
        function("late", "probe.handler.fail", timeout_s=2),
        function("missing", "probe.handler.nothing"),
        *(function(module, f"broken.{module}.handler") for module in ("by_exception", "by_import")),
        *(function(module, f"broken.{module}.handler") for module in ("by_syntax", "by_exit")),
    ]
    return start_emulator(folder, plan_of(functions))


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client()


def test_a_result_comes_back_as_the_function_returned_it(client):
    result, answer = invoke(client, "echo", {"amount": 1, "text": "ção"})
    assert result == {"amount": 1, "text": "ção"}
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert re.fullmatch(UUID, answer["ResponseMetadata"]["RequestId"])


def test_an_environment_is_reused(client):
    first, _ = invoke(client, "count")
    assert invoke(client, "count")[0] == first + 1


def test_an_exception_is_answered_with_type_message_and_trace(client):
    payload, answer = invoke(client, "fail", {"kind": "exception"})
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "Handler fails")
    assert payload["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "/functions/fail/task/probe/handler.py" in payload["stackTrace"][0]


def test_an_exception_keeps_the_environment(client, emulator):
    invoke(client, "fail", {"kind": "exception"})
    before = {environment["pid"] for environment in emulator.environments("fail")}
    invoke(client, "fail", {"kind": "exception"})
    assert {environment["pid"] for environment in emulator.environments("fail")} == before


@pytest.mark.parametrize(
    ("name", "event", "error_type", "reason"),
    [
        ("fail", {"kind": "exit", "code": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        ("fail", {"kind": "exit", "code": 127}, "Runtime.ExitError", "Runtime exited with error: exit status 127"),
        ("fail", {"kind": "killed"}, "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        ("late", {"kind": "timeout"}, "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
    ],
)
def test_an_invocation_that_loses_its_environment_says_why(client, name, event, error_type, reason):
    payload, answer = invoke(client, name, event)
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert payload == {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
    assert invoke(client, name, {"kind": "none"})[0] == 0


def test_a_result_that_is_no_json_is_a_marshal_error(client):
    payload, answer = invoke(client, "fail", {"kind": "unserialisable"})
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.MarshalError"
    assert payload["errorMessage"].startswith("Unable to marshal response: ")


def test_the_largest_result_passes_and_one_byte_more_does_not(client):
    assert len(invoke(client, "fail", {"kind": "largest"})[0]) == 6_291_554
    payload, answer = invoke(client, "fail", {"kind": "oversized"})
    assert answer["FunctionError"] == "Unhandled"
    assert payload == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert invoke(client, "fail", {"kind": "none"})[0] == 0


@pytest.mark.parametrize(
    ("name", "error_type", "message"),
    [
        ("by_exception", "KeyError", "'at import'"),
        ("by_import", "Runtime.ImportModuleError", "No module named 'nothing_of_this_name'"),
        ("by_syntax", "Runtime.UserCodeSyntaxError", "Syntax error in module 'broken.by_syntax'"),
        ("missing", "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'probe.handler'"),
    ],
)
def test_an_initialisation_error_is_what_the_runtime_posted(client, name, error_type, message):
    payload, answer = invoke(client, name)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == error_type
    assert message in payload["errorMessage"]
    assert payload["requestId"] == ""


def test_an_exit_at_import_is_an_exit_error(client, emulator):
    payload, answer = invoke(client, "by_exit", LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert payload["errorMessage"] == f"RequestId: {request_id} Error: Runtime exited with error: exit status 7"
    wait_until(lambda: "Phase: init\tStatus: error\tError Type: Runtime.ExitError\n" in emulator.log("by_exit"))
    wait_until(lambda: "Phase: invoke\tStatus: error" in emulator.log("by_exit"))


def test_a_function_has_lambdas_surroundings_and_nothing_else(client, emulator):
    seen, answer = invoke(client, "describe", Qualifier="live")
    environ = seen["environ"]
    assert environ["COLOUR"] == "blue"
    assert environ["AWS_ENDPOINT_URL"] == emulator.url
    assert environ["AWS_LAMBDA_FUNCTION_VERSION"] == seen["version"] == answer["ExecutedVersion"] == "1"
    assert seen["cwd"] == environ["LAMBDA_TASK_ROOT"]
    assert seen["arn"].endswith(":function:describe:live")
    assert 0 < seen["remaining_ms"] <= 30_000
    assert seen["hours"] == 0
    assert "LEAKED" not in environ
    assert not seen["finds_other_function"]


def test_a_callers_trace_and_client_context_reach_the_function(client):
    context = base64.b64encode(b'{"custom": {"shop": "1"}}').decode()

    def add_trace(params, **_):
        params["headers"]["X-Amzn-Trace-Id"] = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"

    client.meta.events.register("before-call.lambda.Invoke", add_trace)
    try:
        seen, _ = invoke(client, "describe", ClientContext=context)
    finally:
        client.meta.events.unregister("before-call.lambda.Invoke", add_trace)
    assert seen["environ"]["_X_AMZN_TRACE_ID"].startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=")
    assert seen["client"] == {"shop": "1"}


def test_the_log_tail_is_lambdas_lines_around_the_functions_own(client):
    invoke(client, "echo")
    _, answer = invoke(client, "echo", LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert re.fullmatch(
        rf"START RequestId: {request_id} Version: \$LATEST\n"
        rf"line one\n\[WARNING\]\t\S+Z\t{request_id}\tline two\n"
        rf"END RequestId: {request_id}\n"
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: [1-9]\d* MB\t\n",
        tail,
    )


def test_the_log_tail_of_a_cold_start_has_the_init_duration(client):
    invoke(client, "fail", {"kind": "killed"})
    _, answer = invoke(client, "fail", {"kind": "none"}, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert tail.startswith("INIT_START Runtime Version: python:3.")
    assert re.search(r"\tInit Duration: [\d.]+ ms\t\n$", tail)


def test_an_error_is_logged_with_lambdas_line_breaks(client, emulator):
    invoke(client, "fail", {"kind": "exception"})
    expected = "[ERROR] ValueError: Handler fails\nTraceback (most recent call last):\n\u00a0\u00a0File "
    wait_until(lambda: expected in emulator.log("fail"))


def test_the_last_invocations_are_remembered_with_their_reports_figures(client, emulator):
    _, done = invoke(client, "echo")
    invoke(client, "late", {"kind": "exception"})
    last = httpx.get(f"{emulator.url}/_emulator/invocations", verify=NO_TLS).json()
    assert last["echo"][-1]["requestId"] == done["ResponseMetadata"]["RequestId"]
    assert last["echo"][-1]["memoryMb"] > 0
    assert (last["echo"][-1]["error"], last["late"][-1]["error"]) == (None, "ValueError: Handler fails")
    counted = next(entry for entry in emulator.status()["functions"] if entry["name"] == "late")
    assert counted["invocations"] >= counted["errors"] >= 1
