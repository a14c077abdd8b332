"""What moto lacks of AWS: one module for each, in a form that moto could take.

Each says what AWS does and what moto does instead, and has a `fill` that adds it to moto's own classes.
"""

from __future__ import annotations

import importlib
import pkgutil

from localregion.aws.control_plane.addresses import Addresses
from localregion.aws.control_plane.gaps import local_addresses

# Tools of the others, and the one that is told addresses.
_NO_GAPS = frozenset({"construction", "rpc_v2_cbor", "local_addresses"})


def fill(addresses: Addresses) -> None:
    """Fill all of them, once per process, before the first call."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _NO_GAPS:
            importlib.import_module(f"{__name__}.{module.name}").fill()
    local_addresses.fill(addresses)
