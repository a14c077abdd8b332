"""One event source mapping from Creating to Deleting: its settings, its status and the task that polls for it."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, replace

from localregion.aws.amqp.consumer import RequeueMethod
from localregion.aws.event_source_mappings.mapping import EventPoller
from localregion.aws.event_source_mappings.sources import broker_arn
from localregion.aws.event_source_mappings.status import PollerStatus
from localregion.plan.model import EventSourceMapping, Plan


@dataclass(frozen=True, kw_only=True)
class DeployedMapping:
    """A mapping as it was deployed; `modified_at` is known of one that was made or changed by a call."""

    mapping_id: str
    mapping: EventSourceMapping
    event_source_arn: str
    modified_at: float | None = None


def deployed_by_plan(mapping: EventSourceMapping, plan: Plan) -> DeployedMapping:
    """Return a mapping of the plan under a UUID that stays the same from start to start."""
    arn = broker_arn(plan)
    mapping_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}/{mapping.name}"))
    return DeployedMapping(mapping_id=mapping_id, mapping=mapping, event_source_arn=arn)


class RunningMapping:
    """One mapping with its poller, from Creating to Deleting."""

    def __init__(self, deployed: DeployedMapping) -> None:
        self.deployed = deployed
        self.modified_at = deployed.modified_at or time.time()
        self.status = PollerStatus(state="Creating" if deployed.mapping.enabled else "Disabled")
        self.changing: asyncio.Task[None] | None = None
        self._poller: EventPoller | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def mapping(self) -> EventSourceMapping:
        return self.deployed.mapping

    @property
    def mapping_id(self) -> str:
        return self.deployed.mapping_id

    def change(self, mapping: EventSourceMapping) -> None:
        self.modified_at = time.time()
        self.deployed = replace(self.deployed, mapping=mapping, modified_at=self.modified_at)

    def start(self, poller: EventPoller) -> None:
        self._poller, self.status = poller, poller.status
        self._task = asyncio.create_task(poller.run(), name=f"mapping {self.mapping.name}")

    def requeue_by(self, method: RequeueMethod) -> None:
        if self._poller is not None:
            self._poller.requeue_method = method

    async def stop(self, grace_s: float) -> None:
        """Let the batch in flight end within `grace_s`; messages that are not acknowledged then return to the queue.

        A caller that is cancelled meanwhile leaves the poller ending, and the next one waits for it.
        """
        task = self._task
        if task is None or self._poller is None:
            return
        if self._poller.stop_after_batch():
            await asyncio.wait([task], timeout=grace_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._task = None
