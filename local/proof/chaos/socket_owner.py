"""Which process holds the other end of a TCP connection on this machine."""

from __future__ import annotations

import psutil


def owner_of(local_port: int, remote_port: int) -> int | None:
    """Return the pid of the process whose socket is 127.0.0.1:`local_port` connected to :`remote_port`."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr.port == local_port and connection.raddr and connection.raddr.port == remote_port:
            pid: int | None = connection.pid
            return pid
    return None
