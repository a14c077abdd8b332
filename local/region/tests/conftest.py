"""Real services for the platform's tests."""

import signal

from localregion.testing.fixtures import postgres, rabbitmq, services_folder, start_postgres

__all__ = ["postgres", "rabbitmq", "services_folder", "start_postgres"]


def pytest_configure() -> None:
    # As Ctrl-C, so that fixtures end their services; pytest would die of SIGTERM on the spot.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
