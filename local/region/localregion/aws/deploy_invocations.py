"""The plan's invocations at deploy time (`aws.lambda_.Invocation`): migrations and the broker's topology.

Each runs once for its function, input, triggers and code, which is remembered across restarts, and is tried every two
seconds until it succeeds: what it needs may still be starting. The next one waits for it. Deleting is not emulated.
https://www.pulumi.com/registry/packages/aws/api-docs/lambda/invocation/
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from localregion.aws.http.errors import LambdaApiError
from localregion.aws.lambda_.service import LambdaService
from localregion.plan.model import Invocation

RETRY_INTERVAL_S = 2.0
_log = logging.getLogger("emulator.deploy")


class DeployInvocations:
    """The invocations of a plan and how far they are."""

    def __init__(
        self,
        invocations: list[Invocation],
        service: LambdaService,
        *,
        memory: Path,
        retry_interval_s: float = RETRY_INTERVAL_S,
    ) -> None:
        self._invocations = invocations
        self._service = service
        self._memory = memory
        self._retry_interval_s = retry_interval_s
        self._state = {invocation.name: {"state": "pending"} for invocation in invocations}

    @property
    def succeeded(self) -> bool:
        return all(entry["state"] == "succeeded" for entry in self._state.values())

    def status(self) -> list[dict[str, Any]]:
        return [
            {"name": invocation.name, "function": invocation.function, **self._state[invocation.name]}
            for invocation in self._invocations
        ]

    async def run(self) -> None:
        """Run what has not succeeded yet, in the plan's order, until all of it has."""
        for invocation in self._invocations:
            fingerprint = self._fingerprint(invocation)
            while self._recall().get(invocation.name) != fingerprint:
                if await self.run_once(invocation):
                    self._remember(invocation.name, fingerprint)
                else:
                    await asyncio.sleep(self._retry_interval_s)
                    fingerprint = self._fingerprint(invocation)
            self._state[invocation.name] = {"state": "succeeded"}

    async def run_once(self, invocation: Invocation) -> bool:
        """Try one invocation; return whether it succeeded."""
        payload = json.dumps(invocation.input).encode()
        try:
            result = await self._service.invoke(invocation.function, payload, qualifier=invocation.qualifier)
            error = result.payload.decode(errors="replace") if result.function_error else None
        except LambdaApiError as refused:
            error = str(refused)
        if error is None:
            _log.info("invocation %s succeeded", invocation.name)
            return True
        if self._state[invocation.name].get("error") != error:
            _log.warning("invocation %s failed, trying again: %s", invocation.name, _summary(error))
        self._state[invocation.name] = {"state": "retrying", "error": error}
        return False

    def _fingerprint(self, invocation: Invocation) -> str:
        name = self._service.find(invocation.function, invocation.qualifier).function.name
        code = self._service.code[name]
        code.check()
        content = json.dumps([name, invocation.input, invocation.triggers, code.content_hash().hex()], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def _recall(self) -> dict[str, str]:
        try:
            remembered = json.loads(self._memory.read_text())
        except (OSError, ValueError):
            return {}
        return remembered if isinstance(remembered, dict) else {}

    def _remember(self, name: str, fingerprint: str) -> None:
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            self._memory.write_text(json.dumps({**self._recall(), name: fingerprint}))
        except OSError as error:
            # It is idempotent: repeating it at the next start costs seconds, not starting would cost the system.
            _log.warning("invocation %s cannot be remembered: %s", name, error)


def _summary(error: str) -> str:
    """Return type and message of a function error, without its stack trace."""
    try:
        payload = json.loads(error)
        return f"{payload['errorType']}: {payload['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return error
