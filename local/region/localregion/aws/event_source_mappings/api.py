"""The event source mappings of the plan, running, and the part of the Lambda API that shows and changes them.

What the API changes lasts until the emulator ends: the plan stays the only description of the system. As in AWS every
change answers at once with a state on the way (Creating, Updating, Disabling, Deleting) and is carried out behind it.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html and the four beside it. Tags and pages
are not emulated: a list is always whole.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from localregion.aws.amqp.consumer import RequeueMethod
from localregion.aws.event_source_mappings.mapping import EventPoller, EventSource, InvokesFunctions
from localregion.aws.event_source_mappings.running import RunningMapping
from localregion.aws.event_source_mappings.settings import (
    UnusableMappingError,
    broker_arn,
    check_mapping,
    check_unique,
    create_mapping,
    find_function,
    parse_request,
    split_function_name,
    update_mapping,
)
from localregion.aws.http.errors import LambdaApiError, method_not_allowed
from localregion.aws.secrets_manager import secret_arn
from localregion.plan.model import EventSourceMapping, Plan

API_PATH = "/2015-03-31/event-source-mappings"
STOP_GRACE_S = 5.0

Answer = tuple[int, dict[str, str], bytes]


class Mappings:
    """Every event source mapping of the emulator."""

    def __init__(
        self,
        mappings: list[EventSourceMapping],
        *,
        lambda_service: InvokesFunctions,
        plan: Plan,
        broker_url: str,
        requeue: RequeueMethod = "nack",
    ) -> None:
        self._lambda_service = lambda_service
        self._plan = plan
        self._broker_url = broker_url
        self._requeue: RequeueMethod = requeue
        self._running = [RunningMapping(mapping, mapping_id=_stable_id(mapping, plan)) for mapping in mappings]

    async def start(self) -> None:
        """Start every enabled mapping. UnusableMappingError names the one whose settings AWS would refuse."""
        for position, running in enumerate(self._running):
            try:
                check_mapping(running.mapping, self._plan)
                self._check_unique(running.mapping, self._running[:position])
            except LambdaApiError as refusal:
                raise UnusableMappingError(f"event source mapping {running.mapping.name}: {refusal}") from refusal
        for running in self._running:
            self._start(running)

    async def stop(self) -> None:
        """Stop every mapping: what is in flight may end within a few seconds or is requeued."""
        running, self._running = self._running, []
        changing = [one.changing for one in running if one.changing is not None]
        for task in changing:
            task.cancel()
        await asyncio.gather(*changing, return_exceptions=True)
        await asyncio.gather(*(one.stop(STOP_GRACE_S) for one in running))

    def requeue_by(self, method: RequeueMethod) -> None:
        """Give failed batches back by this method from now on, in every mapping."""
        self._requeue = method
        for running in self._running:
            running.requeue_by(method)

    def status(self) -> list[dict[str, Any]]:
        """Return what the status page shows of each mapping."""
        return [self._status(running) for running in self._running]

    async def handle(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request below API_PATH."""
        try:
            status, answer = self._route(method, unquote(path.removeprefix(API_PATH).strip("/")), query, body)
        except LambdaApiError as refusal:
            headers = {"Content-Type": "application/json", "x-amzn-ErrorType": refusal.error_type}
            return refusal.status, headers, refusal.body
        return status, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _route(self, method: str, mapping_id: str, query: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if not mapping_id and method == "GET":
            return 200, self._list(query)
        if not mapping_id and method == "POST":
            return 202, self._create(parse_request(body))
        if mapping_id and method == "GET":
            return 200, self._describe(self._find(mapping_id))
        if mapping_id and method == "PUT":
            return 202, self._update(self._find(mapping_id), parse_request(body))
        if mapping_id and method == "DELETE":
            return 202, self._delete(self._find(mapping_id))
        raise method_not_allowed(f"{method} is not allowed here.")

    def _list(self, query: Mapping[str, str]) -> dict[str, Any]:
        found = self._running
        if "EventSourceArn" in query and query["EventSourceArn"] != broker_arn(self._plan):
            found = []
        if "FunctionName" in query:
            name, qualifier = split_function_name(query["FunctionName"], self._plan)
            wanted = (name, qualifier)
            found = [
                one
                for one in found
                if wanted in ((one.mapping.function, one.mapping.qualifier), (one.mapping.function, None))
            ]
        return {"EventSourceMappings": [self._describe(running) for running in found]}

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        mapping_id = str(uuid.uuid4())
        mapping = create_mapping(request, name=mapping_id, plan=self._plan)
        self._check_unique(mapping, self._running)
        running = RunningMapping(mapping, mapping_id=mapping_id)
        self._running.append(running)
        self._start(running)
        return self._describe(running)

    def _update(self, running: RunningMapping, request: dict[str, Any]) -> dict[str, Any]:
        if running.changing is not None and not running.changing.done():
            raise _error(
                *(400, "ResourceInUseException"),
                f"Cannot update the event source mapping because it is in use: its state is {running.status.state}.",
            )
        was_enabled = running.mapping.enabled
        changed = update_mapping(running.mapping, request, plan=self._plan)
        self._check_unique(changed, [other for other in self._running if other is not running])
        running.mapping = changed
        running.modified_at = time.time()
        if not was_enabled:
            self._start(running)
            return self._describe(running)
        running.status.state = "Updating" if running.mapping.enabled else "Disabling"
        running.changing = asyncio.create_task(self._restart(running))
        return self._describe(running)

    def _check_unique(self, mapping: EventSourceMapping, others: Iterable[RunningMapping]) -> None:
        check_unique(mapping, {other.mapping_id: other.mapping for other in others}, self._plan)

    def _delete(self, running: RunningMapping) -> dict[str, Any]:
        if running.changing is not None:
            running.changing.cancel()
        running.status.state = "Deleting"
        running.modified_at = time.time()
        running.changing = asyncio.create_task(self._remove(running))
        return self._describe(running)

    def _start(self, running: RunningMapping) -> None:
        if running.mapping.enabled:
            running.start(self._poller(running.mapping))

    async def _restart(self, running: RunningMapping) -> None:
        await running.stop(self._timeout_s(running.mapping))
        counted = running.status
        self._start(running)
        if running.mapping.enabled:
            running.status.batches, running.status.messages = counted.batches, counted.messages
        else:
            running.status.state = "Disabled"

    async def _remove(self, running: RunningMapping) -> None:
        await running.stop(self._timeout_s(running.mapping))
        self._running.remove(running)

    def _poller(self, mapping: EventSourceMapping) -> EventPoller:
        secret = self._plan.secrets[mapping.secret]
        source = EventSource(
            arn=broker_arn(self._plan), url=self._broker_url, username=secret["username"], password=secret["password"]
        )
        return EventPoller(mapping, lambda_service=self._lambda_service, source=source, requeue=self._requeue)

    def _timeout_s(self, mapping: EventSourceMapping) -> float:
        return self._plan.function(mapping.function).timeout_s + STOP_GRACE_S

    def _find(self, mapping_id: str) -> RunningMapping:
        for running in self._running:
            if running.mapping_id == mapping_id:
                return running
        raise _error(404, "ResourceNotFoundException", "The resource you requested does not exist.")

    def _status(self, running: RunningMapping) -> dict[str, Any]:
        mapping, counted = running.mapping, asdict(running.status)
        return {
            "uuid": running.mapping_id,
            "name": mapping.name,
            "function": mapping.function,
            "queue": mapping.queue,
            "State": counted.pop("state"),
            "StateTransitionReason": counted.pop("reason"),
            **counted,
        }

    def _describe(self, running: RunningMapping) -> dict[str, Any]:
        mapping, plan = running.mapping, self._plan
        place = f"{plan.region}:{plan.account}"
        function_arn = find_function(mapping.function, plan).arn
        described = {
            "UUID": running.mapping_id,
            "BatchSize": mapping.batch_size,
            "EventSourceArn": broker_arn(plan),
            "FunctionArn": f"{function_arn}:{mapping.qualifier}" if mapping.qualifier else function_arn,
            "LastModified": running.modified_at,
            "LastProcessingResult": running.status.last_result,
            "State": running.status.state,
            "StateTransitionReason": running.status.reason,
            "Queues": [mapping.queue],
            "SourceAccessConfigurations": [
                {"Type": "BASIC_AUTH", "URI": secret_arn(plan, mapping.secret)},
                {"Type": "VIRTUAL_HOST", "URI": mapping.virtual_host},
            ],
            "EventSourceMappingArn": f"arn:aws:lambda:{place}:event-source-mapping:{running.mapping_id}",
        }
        if mapping.batching_window_s is not None:
            described["MaximumBatchingWindowInSeconds"] = mapping.batching_window_s
        return described


def _stable_id(mapping: EventSourceMapping, plan: Plan) -> str:
    """Return a UUID that stays the same from start to start."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{broker_arn(plan)}/{mapping.name}"))


def _error(status: int, error_type: str, message: str) -> LambdaApiError:
    return LambdaApiError(status, error_type, json.dumps({"Type": "User", "Message": message}).encode())
