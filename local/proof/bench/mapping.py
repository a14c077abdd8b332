"""The consumer's event source mapping, switched off and on through the Lambda API, with a batch size of our choice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from localregion import http_client
from localregion.http_client import HttpError
from localregion.services.management_api import ManagementApi
from proof.bench.second_system import SecondSystemError

_TIMEOUT_S = 60
_POLL_S = 0.1


class ConsumerMapping:
    """The mapping of the queue of new orders in a running system."""

    def __init__(self, endpoints: Mapping[str, Any]) -> None:
        self._endpoints = endpoints
        self._url = endpoints["aws"] + "/2015-03-31/event-source-mappings"
        self.queue = endpoints["queues"]["order_created"]
        found = _call("GET", f"{self._url}/")["EventSourceMappings"]
        self._id = next(one["UUID"] for one in found if one["Queues"] == [self.queue])

    def disable(self) -> None:
        """Return when nothing is consumed any more."""
        self._change({"Enabled": False}, until="Disabled")

    def enable(self, batch_size: int) -> None:
        self._change({"Enabled": True, "BatchSize": batch_size}, until="Enabled")

    @contextlib.contextmanager
    def disabled(self) -> Iterator[None]:
        """Keep it switched off, then throw away what has been queued meanwhile and switch it on again."""
        self.disable()
        try:
            yield
        finally:
            self.purge()
            self.enable(10_000)

    def purge(self) -> None:
        ManagementApi.of_system(self._endpoints).delete("queues", "/", self.queue, "contents")

    def _change(self, settings: dict[str, object], *, until: str) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        url = f"{self._url}/{self._id}"
        if _call("GET", url)["State"] == until == "Disabled":
            return
        _call("PUT", url, settings)
        while (state := _call("GET", url)["State"]) != until:
            if time.monotonic() > deadline:
                raise SecondSystemError(f"the mapping is {state} and not {until} after {_TIMEOUT_S} s")
            time.sleep(_POLL_S)


def _call(method: str, url: str, document: dict[str, object] | None = None) -> Any:
    try:
        return http_client.call(method, url, document)
    except HttpError as error:
        raise SecondSystemError(str(error)) from error
