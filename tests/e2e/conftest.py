"""The whole system, used from outside."""

from tests.live_system import LiveSystem, wait_for

__all__ = ["LiveSystem", "wait_for"]
