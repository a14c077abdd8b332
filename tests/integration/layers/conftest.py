"""Publishers for the tests of the layers, closed when their test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from localregion.testing.services import RunningRabbitMQ
from rabbitmq import Publisher

Connect = Callable[..., Publisher]


@pytest.fixture
def publisher(rabbitmq: RunningRabbitMQ) -> Iterator[Connect]:
    """Make publishers of the administrator that are never paused; an endpoint leads through something else."""
    with ExitStack() as opened:

        def connected(endpoint: str = rabbitmq.endpoint, **options: Any) -> Publisher:
            given: dict[str, Any] = {
                "credentials": lambda _timeout_s: (rabbitmq.username, rabbitmq.password),
                "pause_after_failure_s": 0,
                **options,
            }
            return opened.enter_context(closing(Publisher(endpoint, **given)))

        yield connected
