"""What `GET /_emulator/status` tells: functions and their environments, mappings, schedules, invocations, readiness.

Functions' last invocations are an answer of their own, `/_emulator/invocations`: who waits for readiness asks often.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

from localregion.aws.deploy_invocations import DeployInvocations
from localregion.aws.event_source_mappings.api import Mappings
from localregion.aws.lambda_.service import LambdaService
from localregion.aws.schedules import Schedules


class KnowsWhatRuns(Protocol):
    """A region: whether it has read what was deployed, and what of it does not run."""

    @property
    def is_known(self) -> bool: ...
    @property
    def failure(self) -> str | None: ...


class Status:
    """`ready` once the plan's invocations have succeeded and every enabled mapping is Enabled."""

    def __init__(
        self,
        *,
        service: LambdaService,
        invocations: DeployInvocations,
        mappings: Mappings,
        schedules: Schedules,
        region: KnowsWhatRuns | None = None,
    ) -> None:
        self._service = service
        self._invocations = invocations
        self._mappings = mappings
        self._schedules = schedules
        self._region = region
        self._enabled = sum(mapping.enabled for mapping in service.plan.event_source_mappings)

    def report(self) -> dict[str, Any]:
        mappings = self._mappings.status()
        failure = self._region.failure if self._region is not None else None
        is_known = self._region is None or self._region.is_known
        return {
            "ready": is_known and failure is None and self._invocations.succeeded and self._all_enabled(mappings),
            "failure": failure,
            "functions": [self._function(function.name) for function in self._service.plan.functions],
            "mappings": mappings,
            "schedules": self._schedules.status(),
            "invocations": self._invocations.status(),
        }

    def invocations(self) -> dict[str, Any]:
        """Return the last invocations of each function."""
        return {name: history.last() for name, history in self._service.histories.items()}

    def _all_enabled(self, mappings: list[dict[str, Any]]) -> bool:
        states = [mapping["State"] for mapping in mappings]
        return states.count("Enabled") >= self._enabled and not {"Creating", "Enabling"} & set(states)

    def _function(self, name: str) -> dict[str, Any]:
        scalings = [scaling for scaling in self._service.scalings if scaling.function_version.function.name == name]
        now = time.monotonic()
        environments = [
            {
                "id": environment.id,
                "pid": environment.pid,
                "version": scaling.function_version.version,
                "state": environment.state,
                "invocations": environment.invocations,
                "idleSeconds": round(now - environment.idle_since, 1) if environment.state == "idle" else None,
            }
            for scaling in scalings
            for environment in scaling.environments
        ]
        return {"name": name, "environments": environments, **self._service.histories[name].counts()}
