"""The control plane on a free port: moto with its gaps filled, everything of the journal repeated.

A thread serves each connection, as moto's own server does it.
"""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import Any

from moto import backends
from moto.core import responses
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from localregion.aws.control_plane import gaps, randomness, surroundings
from localregion.aws.control_plane.addresses import Addresses
from localregion.aws.control_plane.front import ControlPlane
from localregion.aws.control_plane.journal import Journal
from localregion.aws.control_plane.resources import Resources

_log = logging.getLogger("control_plane")


class QuietRequestHandler(WSGIRequestHandler):
    """Leaves the log to what went wrong."""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        pass


def bound(journal: Path, *, account: str, addresses: Addresses, allowed_hosts: tuple[str, ...] = ()) -> BaseWSGIServer:
    """Return a server that is ready to serve and answers all that the journal's calls made."""
    randomness.install()
    gaps.fill(addresses)
    _remember_what_does_not_change()
    moto = DomainDispatcherApplication(_create_app)
    control_plane = ControlPlane(
        moto, Journal(journal), resources=Resources(account).as_json, allowed_hosts=allowed_hosts
    )
    server = make_server("127.0.0.1", 0, control_plane, threaded=True, request_handler=QuietRequestHandler)
    surroundings.close_the_network()
    control_plane.replay()
    return server


def _remember_what_does_not_change() -> None:
    """moto lists its own modules and methods at each call, which takes longer than most calls."""
    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: iter(modules)
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)  # type: ignore[attr-defined]


def _create_app(service: Any) -> Any:
    """Return moto's application of a service. Raises NotImplementedError for a service that moto has not."""
    if service is None:
        raise NotImplementedError("moto has no such service.")
    return create_backend_app(service)
