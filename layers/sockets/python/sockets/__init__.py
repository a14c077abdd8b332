"""Sockets that end at one wall-clock deadline, whatever the peer and the resolver do."""

from sockets.deadline import Deadline
from sockets.stream import Stream

__all__ = ["Deadline", "Stream"]
