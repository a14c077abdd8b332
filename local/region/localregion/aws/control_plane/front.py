"""The control plane's WSGI application: moto, behind a journal, with refusals that name what is missing.

One call at a time is processed: what a call creates depends on the calls before it, its time and its seed.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import time_machine
from werkzeug.test import run_wsgi_app

from localregion.aws.control_plane.call import Call, Environment, received
from localregion.aws.control_plane.gaps import rpc_v2_cbor
from localregion.aws.control_plane.journal import Entry, Journal
from localregion.aws.control_plane.operations import Operation, operation_of
from localregion.aws.control_plane.randomness import seeded
from localregion.aws.http import unknown_calls
from localregion.aws.http.errors import access_denied, misdirected_request
from localregion.aws.http.exchange import Response, json_response, refusal
from localregion.aws.http.hosts import host_check

RESOURCES_PATH = "/_localregion/resources"
# moto's own: they reset it, or answer as the metadata of an EC2 instance.
_MOTOS_OWN = ("/moto-api", "/latest/meta-data", "/latest/api", "/favicon.ico")
# Run by the platform, not described here.
_ELSEWHERE = {"lambda"}
SUPPORTED = "what moto describes, with Lambda's API beside it"
_SEED_BITS = 64
_log = logging.getLogger("control_plane")
Application = Callable[[Environment, Any], Iterable[bytes]]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class ControlPlane:
    """`resources` says what was created and has to run, as `GET /_localregion/resources` answers it."""

    def __init__(
        self,
        moto: Application,
        journal: Journal,
        *,
        resources: Callable[[], dict[str, Any]],
        allowed_hosts: tuple[str, ...] = (),
    ) -> None:
        self._moto = moto
        self._journal = journal
        self._resources = resources
        self._is_allowed_host = host_check(allowed_hosts)
        self._lock = threading.Lock()

    def replay(self) -> None:
        """Repeat what is in the journal."""
        for entry in self._journal.entries():
            with _at(entry):
                self._process(entry.call, operation_of(entry.call))

    def __call__(self, environment: Environment, start_response: StartResponse) -> Iterable[bytes]:
        response = self._answer(received(environment))
        status = HTTPStatus(response.status)
        start_response(f"{status.value} {status.phrase}", list(response.headers.items()))
        return [response.body]

    def _answer(self, call: Call) -> Response:
        """A page that the user happens to read may not call, by whatever name it reaches this machine."""
        if not self._is_allowed_host(call.headers.get("host", "").encode("latin-1")):
            return refusal(misdirected_request("The control plane is called by an address or --allowed-host."))
        if "origin" in call.headers or "sec-fetch-site" in call.headers:
            return refusal(access_denied("Not for browsers."))
        if call.path == RESOURCES_PATH:
            with self._lock:
                return json_response(self._resources())
        operation = operation_of(call)
        return self._in_turn(call, operation) or _refusal(call, operation)

    def _in_turn(self, call: Call, operation: Operation) -> Response | None:
        if operation.waits:
            return self._process(call, operation)
        with self._lock:
            return self._change(call, operation) if operation.changes else self._process(call, operation)

    def _change(self, call: Call, operation: Operation) -> Response | None:
        entry = Entry(call, time.time(), secrets.randbits(_SEED_BITS))
        with _at(entry):
            response = self._process(call, operation)
        if response is None:
            return None
        try:
            self._journal.append(entry)
        except OSError as error:
            _log.exception("the journal cannot be written")
            return unknown_calls.fail(call.request(), f"The journal cannot be written: {error}")
        return response

    def _process(self, call: Call, operation: Operation) -> Response | None:
        """Return moto's answer, or None for what it does not have; nothing has changed then."""
        if call.path.startswith(_MOTOS_OWN) or operation.service in _ELSEWHERE:
            return None
        try:
            response = self._call_moto(call, operation)
        except NotImplementedError:
            return None
        except Exception as error:
            _log.exception("%s failed in moto", _spelt(operation, call))
            return unknown_calls.fail(call.request(), f"{_spelt(operation, call)} failed here: {error!r}")
        return None if _is_unknown(call, response) else response

    def _call_moto(self, call: Call, operation: Operation) -> Response:
        if rpc_v2_cbor.is_meant(call):
            answer = self._call_moto(rpc_v2_cbor.as_json(call), operation)
            return rpc_v2_cbor.as_cbor(answer, service=operation.service, operation=operation.name or "")
        chunks, status, headers = run_wsgi_app(self._moto, call.environment(), buffered=True)
        return Response(int(status.split(" ", 1)[0]), dict(headers.items()), b"".join(chunks))


@contextmanager
def _at(entry: Entry) -> Iterator[None]:
    """Let moto see the entry's time, standing still, and draw from its seed."""
    with time_machine.travel(entry.time_s, tick=False), seeded(entry.seed):
        yield


def _is_unknown(call: Call, response: Response) -> bool:
    """Whether moto has no such path: its server's own page, or nothing at all."""
    if response.status != HTTPStatus.NOT_FOUND:
        return False
    is_page = response.headers.get("Content-Type", "").startswith("text/html") and b"<!doctype html>" in response.body
    return is_page or (not response.body and call.method != "HEAD")


def _refusal(call: Call, operation: Operation) -> Response:
    return unknown_calls.refuse(call.request(), supported=SUPPORTED, call=_spelt(operation, call))


def _spelt(operation: Operation, call: Call) -> str:
    return f"{operation.service} {operation.name or f'{call.method} {call.path}'}".strip()
