"""Sockets that end at one wall-clock deadline, also when the peer or the resolver hangs."""

from sockets.deadline import Deadline
from sockets.stream import Stream

__all__ = ["Deadline", "Stream"]
