"""Which process holds the other end of a TCP connection on this machine. Linux only (`/proc`)."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def owner_of(local_port: int, remote_port: int) -> int | None:
    """Return the pid of the process whose socket is 127.0.0.1:`local_port` connected to :`remote_port`."""
    inode = _inode(local_port, remote_port)
    if inode is None:
        return None
    wanted = f"socket:[{inode}]"
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _holds(entry, wanted):
            return int(entry)
    return None


def _inode(local_port: int, remote_port: int) -> str | None:
    """Return the socket's inode as `/proc/net/tcp` lists it; tcp6 is for clients that dial a mapped address."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if _port(fields[1]) == local_port and _port(fields[2]) == remote_port:
                return fields[9]
    return None


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _holds(pid: str, wanted: str) -> bool:
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{descriptor}") == wanted:
                    return True
    return False
