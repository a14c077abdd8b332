"""Lambda where it is deployed into: the registry, the API in front of it, and what of it runs.

At the start everything that was made before runs again. A change runs when `changed` has told those who depend on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from localregion.aws.event_source_mappings.api import Mappings
from localregion.aws.event_source_mappings.sources import DeployedSources, ResolvesSources
from localregion.aws.lambda_.event_invocations import EventInvocations
from localregion.aws.lambda_.functions.deployed import DeployedFunction
from localregion.aws.lambda_.invoke_api import InvokeApi
from localregion.aws.lambda_.otlp_endpoint import directed
from localregion.aws.lambda_.registry.api import KeptMappings, LambdaApi, ObjectOf
from localregion.aws.lambda_.registry.archives import Archives
from localregion.aws.lambda_.registry.call import Place
from localregion.aws.lambda_.registry.deployment import Deployment, mappings, plan_mappings
from localregion.aws.lambda_.registry.registry import Registry
from localregion.aws.lambda_.service import LambdaService
from localregion.aws.settings import Settings
from localregion.plan.deployed import Deployed


class LambdaControl:
    """`resolver` knows brokers and secrets; `changed` is awaited before a call that changed something is answered."""

    def __init__(
        self,
        settings: Settings,
        service: LambdaService,
        events: EventInvocations,
        *,
        resolver: ResolvesSources,
        s3_object: ObjectOf,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        folder = settings.state / "emulator" / "lambda"
        place = Place(region=service.plan.region, account=service.plan.account, url=settings.aws_endpoint_url)
        archives = Archives(folder / "archives")
        self._settings = settings
        self._service = service
        self._events = events
        self._changed = changed
        self._registry = Registry(folder)
        self._deployment = Deployment(archives, place, pythons=folder)
        self._applying = asyncio.Lock()
        self.mappings = Mappings(
            [],
            lambda_service=service,
            plan=service.plan,
            requeue=settings.requeue,
            sources=DeployedSources(resolver),
            store=KeptMappings(self._registry),
        )
        self.api = LambdaApi(
            self._registry,
            archives,
            place,
            invoke_api=InvokeApi(service, events),
            mappings=self.mappings,
            s3_object=s3_object,
            concurrency_limit=settings.concurrency_limit,
            run=self._run,
        )

    async def boot(self) -> None:
        """Run what was made before this start."""
        self._deployment.keep_what_is_used(self._registry.state)
        await self._apply()
        self.mappings.apply(mappings(self._registry.state))

    def deployed(self) -> Deployed:
        """Return what there is, in the words of the plan."""
        state = self._registry.state
        return Deployed(
            functions=[deployed.latest.function for deployed in self._deployment.functions(state).values()],
            mappings=plan_mappings(state),
            event_invoke_configs=self._deployment.event_invoke_configs(state),
        )

    async def _run(self) -> None:
        await self._apply()
        await self._changed()

    async def _apply(self) -> None:
        """Changes are applied in their order: a later one may have less to prepare."""
        async with self._applying:
            state = self._registry.state
            functions = await asyncio.to_thread(self._deployment.functions, state)
            self._service.apply({name: self._directed(function) for name, function in functions.items()})
            self._events.configure(self._deployment.event_invoke_configs(state))
            self.mappings.take(self._service.plan)

    def _directed(self, deployed: DeployedFunction) -> DeployedFunction:
        """Return a function that sends its spans to where they are taken here."""
        endpoint, timeout_ms = self._settings.otlp_endpoint, self._settings.otlp_timeout_ms
        versions = {
            number: replace(version, function=directed(version.function, endpoint, timeout_ms))
            for number, version in deployed.versions.items()
        }
        return replace(deployed, versions=versions)
