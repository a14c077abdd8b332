"""Replay a whole file of recordings and say of each case: matched, refused when the gateway starts, or differing.

A refusal counts only when its message says that it is the embedded gateway's; any other failure is a difference.
Never compared: what differs from run to run on a real Kong, too (ids, dates, latencies, the order of headers).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unit.kong import recordings
from unit.kong.recordings import Case
from unit.kong.replay import Replayed, replay
from unit.kong.wording import same_errors

from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse
from localregion.kong.declarative import read as read_file
from localregion.kong.lambda_.response import InvokeAnswer, proxy_response
from localregion.kong.request.response import response_bytes
from localregion.kong.request.router import Router

MATCHED, REFUSED, DIFFERING = "matched", "refused", "differing"
# `…_call_3`, `…_3`: the third request to the same gateway.
_NTH = re.compile(r"_(?:call_)?([1-9])$")
AGAIN = {"ratelimit-reset", "retry-after"}


@dataclass(frozen=True)
class Outcome:
    """What became of one case; `why` is the refusal's message or the difference."""

    case: str
    kind: str
    why: str = ""


def outcomes(name: str) -> list[Outcome]:
    """Return the outcome of every case in a file, none when the file is a table and no recording of requests."""
    data = recordings.load(name)
    judge = _JUDGES.get(name, _replayed)
    if name == "routing":
        return list(_routing(data))
    entries = data.get("cases", [])
    return [
        _outcome(entry.get("name") or entry.get("note") or str(number), judge, entry)
        for number, entry in enumerate(entries, start=1)
        if _is_about_a_configuration(entry)
    ]


def _is_about_a_configuration(case: Case) -> bool:
    """Some recordings are about the command line, or about connections without a recorded request."""
    if "input_text" in case:
        return any(name in case for name in ("kong_config_parse", "admin_post_config", "kong_start"))
    return any(name in case for name in ("client_request", "plugin_config", "function_response"))


def _outcome(name: str, judge: Callable[[Case], str], case: Case) -> Outcome:
    try:
        why = judge(case)
    except ConfigurationError as error:
        message = str(error)
        return Outcome(name, REFUSED if "by the embedded gateway" in message else DIFFERING, message)
    except Exception as error:  # one case that cannot be compared must not hide the others
        why = repr(error)
    return Outcome(name, DIFFERING if why else MATCHED, why)


def _replayed(case: Case) -> str:
    return difference(case, replay(case, recordings.read(case), times=nth_request(case)))


def nth_request(case: Case) -> int:
    """Return how many requests the recorded one completes; each case has a gateway of its own."""
    nth = _NTH.search(case["name"])
    return int(nth[1]) if nth else 1


def difference(case: Case, replayed: Replayed) -> str:
    """Return what is not as recorded, "" when all is."""
    response = case["client_response"]
    if response.get("status") is None:
        # The client was left waiting; the embedded gateway closes the connection.
        return "" if replayed.status_line.startswith("HTTP/1.1 1") else f"answered {replayed.status_line}"
    expected = (response["status_line"], *_comparable_headers(response["headers"]))
    actual = (replayed.status_line, *_comparable_headers(replayed.headers))
    if actual != expected:
        return f"{sorted(set(actual) ^ set(expected), key=str)}"
    return body_difference(case, replayed) or _call_difference(case, replayed)


def body_difference(case: Case, replayed: Replayed) -> str:
    try:
        recordings.assert_same_body(case, replayed.body)
    except AssertionError as error:
        return str(error) or "the body differs"
    return ""


def _comparable_headers(headers: Any) -> list[tuple[str, str]]:
    names = {name.lower() for name, _ in headers}
    from_function = "via" in names
    stable = recordings.stable_headers(headers, with_date=from_function)
    # A function's Date hides when Kong answered, and with it how much of a window was left.
    return [(name, "…" if from_function and name.lower() in AGAIN else value) for name, value in stable]


def _call_difference(case: Case, replayed: Replayed) -> str:
    if "trace_headers_received" in case:
        return _trace_difference(case, replayed)
    recorded = case.get("upstream_request")
    if recorded is None or ("body_bytes" not in recorded and "body_json" not in recorded):
        calls = len(replayed.calls) if case.get("lambda_response") is None and "lambda_response" in case else 0
        reached = calls and (case["client_response"]["status"] or 0) < 500
        return f"{calls} calls where none was recorded" if reached else ""
    [(call, payload)] = replayed.calls
    path = f"{call.path}{'?' if call.query else ''}{call.query}"
    if path != recorded["path"]:
        return f"{path} instead of {recorded['path']}"
    raw = "body_json" not in recorded
    event = recordings.stable_event(json.loads(payload.decode("latin-1" if raw else "utf-8")))
    return "" if event == recordings.event_of(case) else f"the event is {event}"


def _trace_difference(case: Case, replayed: Replayed) -> str:
    [(_, payload)] = replayed.calls
    event = json.loads(payload)
    sent = [value for name, value in case["client_request"]["headers"] if name.lower() == "traceparent"]
    known = set("-".join(sent).split("-"))
    recorded = case["trace_headers_received"]
    for part in ("headers", "multiValueHeaders"):
        expected = {name: _stable_trace(value, known) for name, value in recorded[f"event_{part}"].items()}
        actual = {
            name: _stable_trace(value, known)
            for name, value in event[part].items()
            if name in ("traceparent", "tracestate", "b3") or name.startswith("x-b3-")
        }
        if actual != expected:
            return f"{part}: {actual} instead of {expected}"
    return ""


def _stable_trace(value: Any, known: set[str]) -> Any:
    if isinstance(value, list):
        return [_stable_trace(entry, known) for entry in value]
    return re.sub(r"[0-9a-f]{16,32}", lambda found: found[0] if found[0] in known else f"new {len(found[0])}", value)


def _validation(case: Case) -> str:
    recorded = case.get("kong_config_parse")
    error = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kong.yml"
        path.write_text(case["input_text"])
        try:
            read_file(path)
        except ConfigurationError as refused:
            error = refused
    is_refused = (recorded or case.get("kong_start") or {"exit_code": 0})["exit_code"] != 0
    is_refused = is_refused or case.get("admin_post_config", {"status": 201})["status"] != 201
    if error is None:
        return "taken" if is_refused else ""
    if is_refused and (recorded is None or same_errors(str(error), recorded["stderr"])):
        return ""
    raise error


def _environment(case: Case) -> str:
    result = case["result"]
    plugin = {"name": "aws-lambda", "config": case["plugin_config"]}
    request = {"method": "GET", "target": "/l", "headers": [["Host", "orders.example.test"]], "body": None}
    as_request: Case = {"name": "", "kong_config": {"plugin": plugin}, "client_request": request}
    data = recordings.declarative_config(as_request) | ({"vaults": case["vaults"]} if case.get("vaults") else {})
    replayed = replay(as_request, parse(data), environ=case["environment"])
    [(call, _)] = replayed.calls
    scope = None
    if call.credentials is not None:
        day = result["signature_credential"].split("/")[1]
        scope = f"{call.credentials.access_key_id}/{day}/{call.credentials.region}/lambda/aws4_request"
    token = call.credentials.session_token if call.credentials else None
    actual = (int(replayed.status_line.split()[1]), call.path, scope, token)
    expected = (
        result["status"],
        result["invoke_path"],
        result["signature_credential"],
        result["security_token_header"],
    )
    return "" if actual == expected else f"{actual} instead of {expected}"


def _header_case(case: Case) -> str:
    """Kong itself is undecided in some of these; one of its outcomes has to be ours."""
    headers = [("Content-Type", case["invoke_response_content_type"]), ("Date", "Sun, 22 Nov 2026 13:00:00 GMT")]
    response = proxy_response(InvokeAnswer(200, headers, json.dumps(case["function_response"]).encode()))
    data = response_bytes(response, request_id="", latency_ms=0, keep_alive=True, with_body=True)
    lines = [line.partition(": ") for line in data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]]
    seen = [saw for outcome in case["outcomes"] for saw in outcome["client_saw"]]

    def is_ours(saw: dict[str, Any]) -> bool:
        wanted = {name: values for name, values in saw.items() if name != "note" and values is not None}
        ours = {name: [value for header, _, value in lines if header.lower() == name] for name in wanted}
        return ours == wanted

    return "" if any(is_ours(saw) for saw in seen) else f"{lines} is none of {seen}"


def _routing(data: dict[str, Any]) -> Iterator[Outcome]:
    """Each request goes to the supported routes; one that a refused route might have taken counts as refused."""
    taken, refused = [], []
    for service in data["routes"]:
        for route in service["routes"]:
            bare = {name: value for name, value in route.items() if name != "plugins"}
            entry = {"_format_version": "3.0", "services": [{"name": "s", "url": service["url"], "routes": [bare]}]}
            try:
                taken += parse(entry).routes
            except ConfigurationError as error:
                refused.append((route, str(error)))
    router = Router(taken)
    for result in data["results"]:
        target = result["client_request"]["target"]
        path, _, query = target.partition("?")
        name = f"{result['client_request']['method']} {target}"
        because = next((why for route, why in refused if _might_take(route, path)), None)
        if because is not None:
            kind = REFUSED if "by the embedded gateway" in because or "invalid regex" in because else DIFFERING
            yield Outcome(name, kind, because)
            continue
        match = router.match(result["client_request"]["method"], path)
        found = (match.route.name, match.upstream_path + (f"?{query}" if query else "")) if match else (None, None)
        wanted = (result["matched_route"], result.get("upstream_target") if result["matched_route"] else None)
        yield Outcome(name, MATCHED if found == wanted else DIFFERING, "" if found == wanted else f"{found}, {wanted}")


def _might_take(route: dict[str, Any], path: str) -> bool:
    for entry in route.get("paths", ["/"]):
        if entry.startswith("~"):
            if re.match(entry[1:].replace("(?i)", "").replace("(?<", "(?P<"), path, re.IGNORECASE):
                return True
        elif path.startswith(entry):
            return True
    return False


_JUDGES: dict[str, Callable[[Case], str]] = {
    "declarative_validation": _validation,
    "vault_and_environment": _environment,
    "content_type_case": _header_case,
}
