"""The consumer's event source mapping, switched off and on through the Lambda API, with a batch size of our choice."""

from __future__ import annotations

import base64
import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

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
        user, password = self._endpoints["management_user"], self._endpoints["management_password"]
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        url = f"{self._endpoints['management']}/api/queues/%2F/{quote(self.queue, safe='')}/contents"
        _call("DELETE", url, headers={"Authorization": f"Basic {credentials}"})

    def _change(self, settings: dict[str, object], *, until: str) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        url = f"{self._url}/{self._id}"
        if _call("GET", url)["State"] == until == "Disabled":
            return
        _call("PUT", url, body=settings)
        while (state := _call("GET", url)["State"]) != until:
            if time.monotonic() > deadline:
                raise SecondSystemError(f"the mapping is {state} and not {until} after {_TIMEOUT_S} s")
            time.sleep(_POLL_S)


def _call(
    method: str, url: str, *, body: dict[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own http address
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise SecondSystemError(f"{method} {url}: {error.code} {error.read().decode(errors='replace')}") from error
    return json.loads(text) if text else None
