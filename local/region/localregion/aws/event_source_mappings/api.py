"""The event source mappings of the plan, running, and the part of the Lambda API that shows and changes them.

Without a store what the API changes lasts until the emulator ends: the plan stays the only description of the system.
As in AWS every change answers at once with a state on the way (Creating, Updating, Disabling, Deleting) and is carried
out behind it. https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html and the four beside it.
Pages are not emulated: a list is always whole.
"""

from __future__ import annotations

import asyncio
import functools
import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import unquote

from localregion.aws.amqp.consumer import RequeueMethod
from localregion.aws.event_source_mappings.description import described, status_of
from localregion.aws.event_source_mappings.mapping import EventPoller, InvokesFunctions
from localregion.aws.event_source_mappings.running import DeployedMapping, RunningMapping, deployed_by_plan
from localregion.aws.event_source_mappings.settings import (
    UnusableMappingError,
    check_mapping,
    check_unique,
    create_mapping,
    parse_request,
    split_function_name,
    update_mapping,
)
from localregion.aws.event_source_mappings.sources import PlanSources, Sources
from localregion.aws.http.errors import LambdaApiError, method_not_allowed
from localregion.plan.model import EventSourceMapping, Plan

API_PATH = "/2015-03-31/event-source-mappings"
STOP_GRACE_S = 5.0

Answer = tuple[int, dict[str, str], bytes]


class MappingStore(Protocol):
    """Keeps what calls change; a change is on disk when these return."""

    def put(self, deployed: DeployedMapping, *, tags: Mapping[str, str]) -> None: ...
    def remove(self, mapping_id: str) -> None: ...


class Mappings:
    """Every event source mapping of the emulator: those of a plan, or those that `apply` is given."""

    def __init__(
        self,
        mappings: list[EventSourceMapping],
        *,
        lambda_service: InvokesFunctions,
        plan: Plan,
        broker_url: str = "",
        requeue: RequeueMethod = "nack",
        sources: Sources | None = None,
        store: MappingStore | None = None,
    ) -> None:
        self._lambda_service = lambda_service
        self._plan = plan
        self._sources = sources or PlanSources(plan, broker_url)
        self._store = store
        self._requeue: RequeueMethod = requeue
        self._running = [RunningMapping(deployed_by_plan(mapping, plan)) for mapping in mappings]

    async def start(self) -> None:
        """Start every enabled mapping. UnusableMappingError names the one whose settings AWS would refuse."""
        for position, running in enumerate(self._running):
            try:
                check_mapping(running.mapping, self._plan, self._sources)
                self._check_unique(running.deployed, self._running[:position])
            except LambdaApiError as refusal:
                raise UnusableMappingError(f"event source mapping {running.mapping.name}: {refusal}") from refusal
        for running in self._running:
            self._start(running)

    def take(self, plan: Plan) -> None:
        """Know these functions from now on."""
        self._plan = plan

    def apply(self, mappings: Sequence[DeployedMapping]) -> None:
        """Have these mappings from now on; one that is as it was goes on with its batch."""
        wanted = {deployed.mapping_id: deployed for deployed in mappings}
        known = {running.mapping_id: running for running in self._running if running.status.state != "Deleting"}
        for mapping_id in known.keys() - wanted.keys():
            self._end(known[mapping_id])
        for mapping_id, deployed in wanted.items():
            if mapping_id not in known:
                self._add(deployed)
            elif known[mapping_id].mapping != deployed.mapping:
                self._change(known[mapping_id], deployed.mapping)

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
        return [status_of(running) for running in self._running]

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
        if "EventSourceArn" in query:
            found = [one for one in found if one.deployed.event_source_arn == query["EventSourceArn"]]
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
        mapping = create_mapping(request, name=mapping_id, plan=self._plan, sources=self._sources)
        deployed = DeployedMapping(
            mapping_id=mapping_id, mapping=mapping, event_source_arn=request["EventSourceArn"], modified_at=time.time()
        )
        self._check_unique(deployed, self._running)
        if self._store is not None:
            self._store.put(deployed, tags=request.get("Tags", {}))
        return self._describe(self._add(deployed))

    def _update(self, running: RunningMapping, request: dict[str, Any]) -> dict[str, Any]:
        if running.changing is not None and not running.changing.done():
            raise _error(
                *(400, "ResourceInUseException"),
                f"Cannot update the event source mapping because it is in use: its state is {running.status.state}.",
            )
        mapping = update_mapping(running.mapping, request, plan=self._plan, sources=self._sources)
        deployed = replace(running.deployed, mapping=mapping, modified_at=time.time())
        self._check_unique(deployed, [other for other in self._running if other is not running])
        if self._store is not None:
            self._store.put(deployed, tags={})
        self._change(running, mapping)
        return self._describe(running)

    def _delete(self, running: RunningMapping) -> dict[str, Any]:
        if self._store is not None:
            self._store.remove(running.mapping_id)
        self._end(running)
        return self._describe(running)

    def _add(self, deployed: DeployedMapping) -> RunningMapping:
        running = RunningMapping(deployed)
        self._running.append(running)
        self._start(running)
        return running

    def _change(self, running: RunningMapping, mapping: EventSourceMapping) -> None:
        was_enabled = running.mapping.enabled
        running.change(mapping)
        if not was_enabled:
            self._start(running)
            return
        running.status.state = "Updating" if mapping.enabled else "Disabling"
        running.changing = asyncio.create_task(self._restart(running))

    def _end(self, running: RunningMapping) -> None:
        if running.changing is not None:
            running.changing.cancel()
        running.status.state = "Deleting"
        running.modified_at = time.time()
        running.changing = asyncio.create_task(self._remove(running))

    def _check_unique(self, deployed: DeployedMapping, others: Iterable[RunningMapping]) -> None:
        others = [other for other in others if other.deployed.event_source_arn == deployed.event_source_arn]
        check_unique(deployed.mapping, {other.mapping_id: other.mapping for other in others}, deployed.event_source_arn)

    def _start(self, running: RunningMapping) -> None:
        if running.mapping.enabled:
            running.start(self._poller(running.deployed))

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

    def _poller(self, deployed: DeployedMapping) -> EventPoller:
        find_source = functools.partial(self._sources.source, deployed.event_source_arn, deployed.mapping.secret)
        return EventPoller(
            deployed.mapping, lambda_service=self._lambda_service, find_source=find_source, requeue=self._requeue
        )

    def _timeout_s(self, mapping: EventSourceMapping) -> float:
        timeouts_s = {function.name: function.timeout_s for function in self._plan.functions}
        return timeouts_s.get(mapping.function, 0) + STOP_GRACE_S

    def _find(self, mapping_id: str) -> RunningMapping:
        for running in self._running:
            if running.mapping_id == mapping_id:
                return running
        raise _error(404, "ResourceNotFoundException", "The resource you requested does not exist.")

    def _describe(self, running: RunningMapping) -> dict[str, Any]:
        return described(running, self._plan, self._sources)


def _error(status: int, error_type: str, message: str) -> LambdaApiError:
    return LambdaApiError(status, error_type, json.dumps({"Type": "User", "Message": message}).encode())
