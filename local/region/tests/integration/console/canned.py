"""The plan of a small system, and what the stand-ins of its parts usually answer."""

from __future__ import annotations

from typing import Any

FUNCTION = {
    "name": "make_thing",
    "arn": "arn:aws:lambda:us-east-1:000000000000:function:make_thing",
    "handler": "make_thing.handler.lambda_handler",
    "runtime": "python3.13",
    "architecture": "arm64",
    "memory_mb": 512,
    "timeout_s": 10,
    "environment": {},
    "code": "dist/functions/make_thing.zip",
    "layers": [],
}
MAPPING = {
    "name": "thing-made",
    "function": "take_things",
    "qualifier": "live",
    "queue": "things.made",
    "virtual_host": "/",
    "secret": "broker/mapping",
    "batch_size": 100,
    "batching_window_s": None,
}
PLAN = {
    "version": 1,
    "stack": "local",
    "region": "us-east-1",
    "account": "000000000000",
    "functions": [FUNCTION],
    "event_source_mappings": [MAPPING],
    "schedules": [],
    "invocations": [],
    "secrets": {},
    "database": {"engine_version": "18", "name": "things", "admin_secret": "database/master"},
    "broker": {"engine_version": "4.2", "admin_secret": "broker/admin"},
    "gateway": {"version": "3.9", "declarative_config": {}},
}
ENVIRONMENTS = [{"state": state} for state in ("idle", "idle", "busy", "finishing", "starting")]
STATUS = {
    "ready": True,
    "functions": [{"name": "make_thing", "environments": ENVIRONMENTS, "invocations": 7, "coldStarts": 2, "errors": 1}],
    "mappings": [{"name": "thing-made", "function": "take_things", "queue": "things.made"}],
}
STATUS["mappings"][0] |= {"State": "Enabled", "StateTransitionReason": "USER_INITIATED", "in_flight": 3}  # type: ignore[index]
INVOCATION = {"requestId": "r-1", "start": 1.0, "duration": 12.5, "memoryMb": 80, "initMs": None, "error": None}
QUEUE = {"name": "things.made", "messages_ready": 4, "messages_unacknowledged": 3, "consumers": 1}
USUAL: dict[tuple[str, str], tuple[int, Any]] = {
    ("GET", "/_emulator/status"): (200, STATUS),
    ("GET", "/_emulator/invocations"): (200, {"make_thing": [INVOCATION]}),
    ("GET", "/api/queues/%2F"): (200, [QUEUE]),
}
