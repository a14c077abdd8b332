"""What moto lacks of AWS: one module for each, in a form that moto could take.

Each says what AWS does and what moto does instead, and has a `fill` that adds it to moto's own classes.
"""

from __future__ import annotations

from localregion.aws.control_plane.addresses import Addresses


def fill(addresses: Addresses) -> None:
    """Fill all of them, once per process, before the first call."""
