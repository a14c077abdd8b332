"""`python -m localregion.aws`: boot a plan as AWS would run it, until SIGTERM.

Functions can be invoked at once. The plan's own invocations (migrations, the broker's topology) come first, then
event source mappings and schedules start. SIGTERM: no new work, ten seconds for what runs, then every environment
ends; exit 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import uvloop

from localregion.aws.deploy_invocations import DeployInvocations
from localregion.aws.endpoint import AwsEndpoint
from localregion.aws.event_source_mappings.api import Mappings
from localregion.aws.event_source_mappings.settings import UnusableMappingError
from localregion.aws.http.server import HttpServer, PortTakenError, bind
from localregion.aws.lambda_.debug_api import DebugApi
from localregion.aws.lambda_.event_invocations import EventInvocations, RetryDelays
from localregion.aws.lambda_.function_api import FunctionApi
from localregion.aws.lambda_.functions.code import CodeNotFoundError
from localregion.aws.lambda_.invoke_api import InvokeApi
from localregion.aws.lambda_.memory_api import MemoryApi
from localregion.aws.lambda_.otlp_endpoint import with_otlp_endpoint
from localregion.aws.lambda_.proactive_init import initialise
from localregion.aws.lambda_.service import LambdaService
from localregion.aws.s3.api import S3
from localregion.aws.schedules import Schedules
from localregion.aws.secrets_manager import SecretsManager
from localregion.aws.settings import Settings, parse_arguments
from localregion.aws.status import Status
from localregion.plan import model
from localregion.plan.sources import UnknownLayerError

if TYPE_CHECKING:
    from localregion.aws.event_source_mappings.sources import ResolvesSources
    from localregion.aws.lambda_.registry.control import LambdaControl
    from localregion.aws.region.region import Region

SHUTDOWN_GRACE_S = 10.0
_log = logging.getLogger("emulator")


class Emulator:
    """All parts of the emulator, and the order in which they start and stop.

    With a `region` in the settings the plan has no functions and mappings: those are deployed. Brokers and secrets are
    then the control plane's, or the `resolver`'s, which takes its place.
    """

    def __init__(
        self, plan: model.Plan, settings: Settings, *, broker_url: str, resolver: ResolvesSources | None = None
    ) -> None:
        memory = settings.state / "emulator"
        if settings.region is not None:
            plan = replace(plan, functions=[], event_source_mappings=[], event_invoke_configs=[], schedules=[])
        self._plan = plan
        self._service = LambdaService(plan, settings)
        self._events = EventInvocations(
            self._service,
            RetryDelays(function_error_s=settings.event_retry_delays_s),
            configs=plan.event_invoke_configs,
        )
        self._invocations = DeployInvocations(plan.invocations, self._service, memory=memory / "invocations.json")
        self._schedules = Schedules(plan.schedules, self._events, memory=memory / "schedules.json")
        self._s3 = S3(plan.buckets, memory / "s3")
        self._broker_url = broker_url
        self._lambda = self._made_by_calls(plan, settings, resolver) if settings.region is not None else None
        self._region = self._deployed_into(settings, self._lambda) if self._lambda and resolver is None else None
        self._mappings = self._lambda.mappings if self._lambda is not None else self._of_plan(plan, settings)
        status = Status(
            service=self._service,
            invocations=self._invocations,
            mappings=self._mappings,
            schedules=self._schedules,
            region=self._region,
        )
        endpoint = AwsEndpoint(
            functions=FunctionApi(self._service, InvokeApi(self._service, self._events)),
            mappings=self._mappings,
            secrets=SecretsManager(plan),
            status=status,
            debug=DebugApi(self._service),
            memory=MemoryApi(self._service),
            s3=self._s3,
            lambda_api=self._lambda.api if self._lambda is not None else None,
            region=self._region,
            allowed_hosts=settings.allowed_hosts,
        )
        self._server = HttpServer(endpoint, grace_s=SHUTDOWN_GRACE_S)

    async def run(self, listener: socket.socket) -> None:
        """Serve until `stop`. Raises UnusableMappingError for a mapping that AWS would refuse."""
        self._service.start_reaping()
        self._service.memory_limit.enforce()
        if self._lambda is not None:
            # A call that is answered before would not find what was made.
            await self._lambda.boot()
        boot = asyncio.create_task(self._boot())
        try:
            await self._server.serve(sockets=[listener])
        finally:
            await self._shut_down(boot)

    def stop(self) -> None:
        self._server.stop()

    def _of_plan(self, plan: model.Plan, settings: Settings) -> Mappings:
        return Mappings(
            plan.event_source_mappings,
            lambda_service=self._service,
            plan=plan,
            broker_url=self._broker_url,
            requeue=settings.requeue,
        )

    def _made_by_calls(self, plan: model.Plan, settings: Settings, resolver: ResolvesSources | None) -> LambdaControl:
        # A program's system has no use for what makes environments of Python.
        from localregion.aws.lambda_.registry.control import LambdaControl
        from localregion.aws.region.sources import PlanResolver

        self._resolver = PlanResolver(plan, self._broker_url)
        return LambdaControl(
            settings,
            self._service,
            self._events,
            resolver=resolver or self._resolver,
            s3_object=self._s3.content,
            changed=self._changed,
        )

    def _deployed_into(self, settings: Settings, lambda_: LambdaControl) -> Region:
        # It has a client for HTTP, which a program's system has no use for.
        from localregion.aws.region.machine import region_here

        return region_here(settings, deployed=lambda_.deployed, take=self._take)

    async def _changed(self) -> None:
        """Functions or mappings were changed by a call."""
        if self._region is not None:
            await self._region.changed()

    def _take(self, plan: model.Plan) -> None:
        """Run another plan, one that is resolved."""
        self._resolver.take(plan)
        self._s3.apply(plan.buckets)
        self._schedules.apply(plan.schedules)

    async def _boot(self) -> None:
        if self._lambda is not None:
            if self._region is not None:
                await self._region.boot()
            return
        try:
            await self._invocations.run()
            await initialise(self._service, self._plan)
            await self._mappings.start()
            self._schedules.start()
        except Exception:
            self._server.stop()
            raise

    async def _shut_down(self, boot: asyncio.Task[None]) -> None:
        self._schedules.stop()
        self._events.close()
        boot.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await boot
        finally:
            if self._region is not None:
                await self._region.close()
            await self._mappings.stop()
            await self._service.drain(SHUTDOWN_GRACE_S)
            await self._service.close()


def load(settings: Settings) -> tuple[model.Plan, str]:
    """Return the resolved plan and the broker's address."""
    values = json.loads(settings.values.read_text())
    secrets = json.loads(settings.secrets.read_text())
    plan = model.resolve(model.load(settings.plan), values, secrets)
    plan = with_otlp_endpoint(plan, settings.otlp_endpoint, settings.otlp_timeout_ms)
    return plan, values.get("broker.endpoint", "")


async def run(settings: Settings) -> None:
    plan, broker_url = load(settings)
    listener = bind(settings.port, host=settings.host, variable="AWS_PORT")
    emulator = Emulator(plan, settings, broker_url=broker_url)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, emulator.stop)
    _log.info("AWS APIs on %s, %d functions", settings.aws_endpoint_url, len(plan.functions))
    await emulator.run(listener)
    _log.info("stopped")


def main() -> int:
    settings = parse_arguments(sys.argv[1:])
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        uvloop.run(run(settings))
    except (
        PortTakenError,
        CodeNotFoundError,
        UnknownLayerError,
        UnusableMappingError,
        model.UnknownReferenceError,
        OSError,
        ValueError,
    ) as error:
        _log.error("the emulator cannot run: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
